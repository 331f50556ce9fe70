import type { Unsubscribe } from '../core/events.ts';
import { type Invite, parseInvite } from './invite.ts';

/**
 * Opens the page anew when an invite to another swarm, or with a secret, comes into its address bar: where only the
 * fragment changes, browsers load nothing by themselves. What the page writes there itself raises no such event.
 * @param open - the manifest of the swarm that a page without an invite is in
 */
export function followAddress(open: () => string | undefined): Unsubscribe {
  let here: Invite | undefined;
  const onChange = ({ oldURL }: HashChangeEvent) => {
    // A fragment that names no swarm leaves the page where it is.
    here = parseInvite(new URL(oldURL).hash) ?? here;
    const invite = parseInvite(location.hash);
    if (!invite) return;
    const isHere = invite.manifestId === (here?.manifestId ?? open()) && invite.privateName === here?.privateName;
    if (invite.secret !== undefined || !isHere) location.reload();
  };
  addEventListener('hashchange', onChange);
  return () => removeEventListener('hashchange', onChange);
}
