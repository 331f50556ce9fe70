import { useSignal, useSignalEffect } from '@preact/signals';
import { ShoalError } from '../../core/errors.ts';
import { usePage } from '../page-state.ts';

/** How long the button says that the link is copied. */
const COPIED_MS = 2000;

/** A button that puts the invite link on the clipboard. */
export function CopyInvite({ label, testId }: { label: string; testId: string }) {
  const page = usePage();
  const copied = useSignal(false);
  useSignalEffect(() => {
    if (!copied.value) return undefined;
    const timer = setTimeout(() => {
      copied.value = false;
    }, COPIED_MS);
    return () => clearTimeout(timer);
  });
  const copy = async () => {
    await navigator.clipboard.writeText(page.model.inviteLink.value).catch(() => {
      throw new ShoalError(
        'internal',
        'The browser did not allow copying. Select the invite link and copy it by hand.',
      );
    });
    copied.value = true;
  };
  return (
    <button type="button" data-testid={testId} onClick={() => page.perform(copy)}>
      {copied.value ? 'Copied ✓' : label}
    </button>
  );
}
