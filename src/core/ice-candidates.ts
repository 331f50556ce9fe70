/**
 * Candidates that one description or peer connection takes: a device with several networks, each with IPv4 and IPv6, a
 * STUN address of each, and a TURN server or two.
 */
const MAX_CANDIDATES = 24;
/** Ports below are of services that nobody has asked to be probed. No browser takes one for a connection. */
const MIN_PORT = 1024;

/** A line that names an address at which the other end may be. @see RFC 8839, section 5.1 */
const CANDIDATE = /^(?:a=)?candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ \S+/i;

/** The address of a candidate that this browser may send packets to; undefined for every other line. */
function addressOf(line: string): string | undefined {
  const [, transport, address, port] = CANDIDATE.exec(line) ?? [];
  // Over TCP a browser would connect to whatever service listens there.
  if (transport?.toLowerCase() !== 'udp' || Number(port) < MIN_PORT || Number(port) > 0xffff) return undefined;
  return address?.toLowerCase();
}

/** The addresses that a session description names. */
export function addressesIn(sdp: string): string[] {
  return linesOf(sdp).flatMap((line) => addressOf(line) ?? []);
}

/**
 * Another tab's session description without the candidates that it has no business to name. A browser sends a packet a
 * few times to every candidate, wherever it points: so there are few, none of them is a service's, and, where the tab's
 * addresses are known, none is a third party's.
 *
 * @param addresses - the tab's own, lower case; none when they cannot be told. A name that only the local network
 * resolves (mDNS) passes
 * @throws Error when it describes anything but one data connection
 */
export function guardedDescription(sdp: string, addresses: ReadonlySet<string> = new Set()): string {
  const media = linesOf(sdp).filter((line) => line.startsWith('m='));
  if (media.length !== 1 || !media[0]!.startsWith('m=application '))
    throw new Error(`A session description is of ${media.length} media, expected one data connection`);
  let count = 0;
  const kept = linesOf(sdp).filter((line) => {
    if (!/^a=(?:remote-)?candidate/i.test(line)) return true;
    const address = addressOf(line);
    const own = address !== undefined && (addresses.size === 0 || addresses.has(address) || address.endsWith('.local'));
    return own && ++count <= MAX_CANDIDATES;
  });
  return `${kept.join('\r\n')}\r\n`;
}

interface Remote {
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void>;
}

const guarded = new WeakSet<object>();
const counts = new WeakMap<object, number>();

/**
 * Has every peer connection of the page take only candidates that `guardedDescription` would, and no more of them, on
 * whichever way they come: libp2p and the torrents hand over what peers send. Call before the first connection.
 */
export function guardCandidates(connections: typeof RTCPeerConnection | undefined): void {
  if (!connections || guarded.has(connections)) return;
  guarded.add(connections);
  // Without the forms that take callbacks.
  const { setRemoteDescription, addIceCandidate }: Remote = connections.prototype;
  connections.prototype.setRemoteDescription = async function (description: RTCSessionDescriptionInit) {
    const { type, sdp } = description;
    await setRemoteDescription.call(this, sdp ? { type, sdp: guardedDescription(sdp) } : description);
  };
  connections.prototype.addIceCandidate = async function (candidate?: RTCIceCandidateInit | null) {
    // The empty one says that there are no more.
    if (candidate?.candidate) {
      const count = (counts.get(this) ?? 0) + 1;
      counts.set(this, count);
      if (count > MAX_CANDIDATES || addressOf(candidate.candidate) === undefined) return;
    }
    await addIceCandidate.call(this, candidate);
  };
}

function linesOf(sdp: string): string[] {
  return sdp.split(/\r?\n|\r/).filter((line) => line !== '');
}
