import { useRef } from 'preact/hooks';
import { words } from '../../words/words.ts';
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
  const said = words().invite;
  return (
    <section class="card invite" aria-labelledby="invite-title">
      <h2 id="invite-title">{admission === 'guest' ? said.otherGuests : said.tabs}</h2>
      {guestLink && <h3>{said.members}</h3>}
      <div class="invite-row">
        <a class="invite-link" data-testid="invite-link" href={link} target="_blank" rel="noopener">
          {link}
        </a>
        <div class="buttons">
          <CopyInvite label={said.copyLink} testId="invite-copy" />
          {!thisMachineOnly && <QrButton link={link} />}
        </div>
      </div>
      {guestLink && (
        <>
          <h3>{said.guests}</h3>
          <div class="invite-row">
            <a class="invite-link" data-testid="guest-link" href={guestLink} target="_blank" rel="noopener">
              {guestLink}
            </a>
            <div class="buttons">
              <CopyButton
                label={said.copyGuests}
                testId="guest-copy"
                text={() => model.guestLink.value}
                otherwise={said.guestsByHand}
              />
            </div>
          </div>
        </>
      )}
      {thisMachineOnly && (
        <p data-testid="invite-this-machine">
          <strong>{said.thisMachine}</strong> {said.otherMachines} <code>npm start -- --host 0.0.0.0 --https</code>.
        </p>
      )}
      <p class="muted" data-testid="admission" data-admission={admission}>
        {said.admission[admission]} {said.trust}
      </p>
      {admission === 'open' && <PrivateSwarmOffer />}
      {admission === 'member' && <NewLink />}
    </section>
  );
}

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
        {words().invite.qr}
      </button>
      <dialog ref={dialog} class="qr-dialog" aria-label={words().invite.qrDialog}>
        {QrCode && <QrCode text={link} />}
        <p class="qr-text">{link}</p>
        <form method="dialog">
          <button type="submit">{words().close}</button>
        </form>
      </dialog>
    </>
  );
}
