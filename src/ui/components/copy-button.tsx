import { useSignal, useSignalEffect } from '@preact/signals';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** How long the button says that it has copied. */
const COPIED_MS = 2000;

export interface CopyButtonProps {
  readonly label: string;
  readonly testId: string;
  /** What it puts on the clipboard, asked when it is pressed. */
  readonly text: () => string;
  /** What the person can do where the browser does not allow it. */
  readonly otherwise: string;
}

/** A button that puts a text on the clipboard, and says so to eyes and ears. */
export function CopyButton({ label, testId, text, otherwise }: CopyButtonProps) {
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
    try {
      await navigator.clipboard.writeText(text());
      copied.value = true;
    } catch {
      page.tell(words().invite.notCopied(otherwise));
    }
  };
  return (
    <>
      <button type="button" data-testid={testId} onClick={() => page.perform(copy)}>
        {copied.value ? words().copiedMark : label}
      </button>
      <span class="visually-hidden" role="status">
        {copied.value ? words().copied : ''}
      </span>
    </>
  );
}

/** The same for the invite link. */
export function CopyInvite({ label, testId }: Pick<CopyButtonProps, 'label' | 'testId'>) {
  const { model } = usePage();
  return (
    <CopyButton label={label} testId={testId} text={() => model.inviteLink.value} otherwise={words().invite.byHand} />
  );
}
