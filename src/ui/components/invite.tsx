import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { ShoalError } from '../../core/errors.ts';
import { usePage } from '../page-state.ts';
import { QrCode } from './qr-code.tsx';

/** How long the button says that the link is copied. */
const COPIED_MS = 2000;

/** The link that brings other browsers into this swarm, to copy or to scan. */
export function Invite() {
  const page = usePage();
  const link = page.model.inviteLink.value;
  const copied = useSignal(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (!copied.value) return undefined;
    const timer = setTimeout(() => {
      copied.value = false;
    }, COPIED_MS);
    return () => clearTimeout(timer);
  });
  if (!link) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(link).catch(() => {
      throw new ShoalError(
        'internal',
        'The browser did not allow copying. Select the invite link and copy it by hand.',
      );
    });
    copied.value = true;
  };
  return (
    <section class="card invite" aria-labelledby="invite-title">
      <h2 id="invite-title">Invite other tabs</h2>
      <div class="invite-row">
        <a class="invite-link" data-testid="invite-link" href={link} target="_blank" rel="noopener">
          {link}
        </a>
        <div class="buttons">
          <button type="button" data-testid="invite-copy" onClick={() => page.perform(copy)}>
            {copied.value ? 'Copied ✓' : 'Copy link'}
          </button>
          <button type="button" onClick={() => dialog.current?.showModal()}>
            QR code
          </button>
        </div>
      </div>
      <p class="muted">
        Any browser that opens it joins this swarm. The server never sees a prompt, but each tab on the way sees
        activations, from which text can be recovered: share the link with people you trust.
      </p>
      <dialog ref={dialog} class="qr-dialog" aria-label="Invite link as a QR code">
        <QrCode text={link} />
        <p class="qr-text">{link}</p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </section>
  );
}
