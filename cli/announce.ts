import { renderUnicodeCompact } from 'uqr';
import type { RunningServer } from '../signaling-server/server.ts';
import { type Invite, inviteLink, invitePlace } from '../src/app/invite.ts';
import { joinWords } from '../src/core/format.ts';
import { guestSecretOf } from '../src/protocol/private-swarm.ts';

export interface AnnounceOptions {
  readonly invite: Invite;
  readonly secure: boolean;
  /** Whether a person reads it, who may hold a phone to the screen. */
  readonly terminal: boolean;
  /** Models beside the one that the page opens with. */
  readonly alsoServed?: readonly string[];
}

/** What a server says when it is ready: its addresses, and how others come in. */
export function announcement(
  { urls, addresses }: Pick<RunningServer, 'urls' | 'addresses'>,
  { invite, secure, terminal, alsoServed = [] }: AnnounceOptions,
): string {
  const lines = urls.map((url) => `Shoal is ready: ${url}`);
  if (alsoServed.length > 0) lines.push(`The page also offers ${joinWords(alsoServed)}.`);
  // As a page finds it that was opened on this machine.
  const { page, thisMachineOnly } = invitePlace(new URL('http://localhost/'), addresses);
  const here = thisMachineOnly && urls[0] ? new URL(urls[0]) : page;
  if (!thisMachineOnly) {
    const link = inviteLink(page, invite);
    lines.push(`Invite: ${link}`);
    if (terminal) lines.push(renderUnicodeCompact(link, { border: 2 }));
  } else if (addresses.length > 0 && !secure) {
    lines.push(
      'Browsers on other machines run Shoal on HTTPS pages only. For them: npm start -- --host 0.0.0.0 --https',
    );
  } else {
    lines.push('It works on this machine only. For phones and other machines: npm start -- --host 0.0.0.0 --https');
  }
  if (invite.secret !== undefined) {
    const guest = { ...invite, secret: guestSecretOf(invite.secret) };
    // The page's address alone opens nothing.
    if (thisMachineOnly) lines.push(`Invite: ${inviteLink(here, invite)}`);
    lines.push(`Invite for guests, who may ask and not serve: ${inviteLink(here, guest)}`);
  }
  return lines.join('\n');
}
