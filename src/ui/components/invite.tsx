import { useRef } from 'preact/hooks';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { CopyButton, CopyInvite } from './copy-button.tsx';
import { NewLink, PrivateSwarmOffer } from './private-swarm.tsx';

export const qrCode = lazyComponent(async () => (await import('./qr-code.tsx')).QrCode);

/** The link that brings other browsers into this swarm, to copy or to scan. */
export function Invite() {
  const { model } = usePage();
  const link = model.inviteLink.value;
  const guestLink = model.guestLink.value;
  const admission = model.admission.value;
  const thisMachineOnly = model.inviteThisMachineOnly.value;
  if (!link) return null;
  return (
    <section class="card invite" aria-labelledby="invite-title">
      <h2 id="invite-title">{admission === 'guest' ? 'Invite other guests' : 'Invite other tabs'}</h2>
      {guestLink && <h3>Members</h3>}
      <div class="invite-row">
        <a class="invite-link" data-testid="invite-link" href={link} target="_blank" rel="noopener">
          {link}
        </a>
        <div class="buttons">
          <CopyInvite label="Copy link" testId="invite-copy" />
          {!thisMachineOnly && <QrButton link={link} />}
        </div>
      </div>
      {guestLink && (
        <>
          <h3>Guests</h3>
          <div class="invite-row">
            <a class="invite-link" data-testid="guest-link" href={guestLink} target="_blank" rel="noopener">
              {guestLink}
            </a>
            <div class="buttons">
              <CopyButton
                label="Copy guests' link"
                testId="guest-copy"
                text={() => model.guestLink.value}
                otherwise="Select the guests' link and copy it by hand."
              />
            </div>
          </div>
        </>
      )}
      {thisMachineOnly && (
        <p data-testid="invite-this-machine">
          <strong>This link works on this machine only.</strong> For phones and other machines start the server with{' '}
          <code>npm start -- --host 0.0.0.0 --https</code>.
        </p>
      )}
      <p class="muted" data-testid="admission" data-admission={admission}>
        {WORDS[admission]} Each tab on the way sees activations, from which text can be recovered: share the link with
        people you trust.
      </p>
      {admission === 'open' && <PrivateSwarmOffer />}
      {admission === 'member' && <NewLink />}
    </section>
  );
}

const WORDS = {
  open: 'Any browser that opens it joins this swarm. The server never sees a prompt.',
  member:
    "This is a private swarm: members run its layers; guests may ask, and serve nothing. The server sees neither prompts nor the model's name.",
  guest: 'You are a guest of a private swarm: you may ask, and serve nothing.',
} as const;

function QrButton({ link }: { link: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const QrCode = qrCode.component.value;
  const show = () => {
    void qrCode.load();
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" onClick={show}>
        QR code
      </button>
      <dialog ref={dialog} class="qr-dialog" aria-label="Invite link as a QR code">
        {QrCode && <QrCode text={link} />}
        <p class="qr-text">{link}</p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}
