import { useRef } from 'preact/hooks';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { CopyInvite } from './copy-button.tsx';

export const qrCode = lazyComponent(async () => (await import('./qr-code.tsx')).QrCode);

/** The link that brings other browsers into this swarm, to copy or to scan. */
export function Invite() {
  const { model } = usePage();
  const link = model.inviteLink.value;
  const thisMachineOnly = model.inviteThisMachineOnly.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const QrCode = qrCode.component.value;
  const showQrCode = () => {
    void qrCode.load();
    dialog.current?.showModal();
  };
  if (!link) return null;
  return (
    <section class="card invite" aria-labelledby="invite-title">
      <h2 id="invite-title">Invite other tabs</h2>
      <div class="invite-row">
        <a class="invite-link" data-testid="invite-link" href={link} target="_blank" rel="noopener">
          {link}
        </a>
        <div class="buttons">
          <CopyInvite label="Copy link" testId="invite-copy" />
          {!thisMachineOnly && (
            <button type="button" onClick={showQrCode}>
              QR code
            </button>
          )}
        </div>
      </div>
      {thisMachineOnly && (
        <p data-testid="invite-this-machine">
          <strong>This link works on this machine only.</strong> For phones and other machines start the server with{' '}
          <code>npm start -- --host 0.0.0.0 --https</code>.
        </p>
      )}
      <p class="muted">
        Any browser that opens it joins this swarm. The server never sees a prompt, but each tab on the way sees
        activations, from which text can be recovered: share the link with people you trust.
      </p>
      <dialog ref={dialog} class="qr-dialog" aria-label="Invite link as a QR code">
        {QrCode && <QrCode text={link} />}
        <p class="qr-text">{link}</p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </section>
  );
}
