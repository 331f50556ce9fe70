import type { Unsubscribe } from '../core/events.ts';
import { parseInvite } from './invite.ts';

/**
 * Opens the page anew when an invite to another swarm, or with a secret, comes into its address bar: where only the
 * fragment changes, browsers load nothing by themselves. What the page writes there itself raises no such event.
 * @param open - the manifest of the swarm that a page without an invite is in
 */
export function followAddress(open: () => string | undefined): Unsubscribe {
  const onChange = ({ oldURL }: HashChangeEvent) => {
    const invite = parseInvite(location.hash);
    if (!invite) return;
    const { manifestId = open(), privateName } = parseInvite(new URL(oldURL).hash) ?? {};
    const isHere = invite.manifestId === manifestId && invite.privateName === privateName;
    if (invite.secret !== undefined || !isHere) location.reload();
  };
  addEventListener('hashchange', onChange);
  return () => removeEventListener('hashchange', onChange);
}
