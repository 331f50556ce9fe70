/**
 * Whom connections reach. `none`: the browser makes none. `room`: tabs in the same network. `direct`: tabs in most
 * networks, as a STUN server tells this one's address. `relay`: tabs anywhere, at worst through a TURN server.
 */
export type NetworkReach = 'none' | 'room' | 'direct' | 'relay';

/** Gathering ends by itself sooner, unless a server does not answer. */
const GATHER_MS = 1500;

/** Asks the browser by which addresses others could reach it. */
export async function networkReach(iceServers: readonly RTCIceServer[]): Promise<NetworkReach> {
  if (!('RTCPeerConnection' in globalThis)) return 'none';
  const connection = new RTCPeerConnection({ iceServers: [...iceServers] });
  const kinds = new Set<RTCIceCandidateType>();
  try {
    connection.createDataChannel('reach');
    const gathered = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHER_MS);
      connection.onicecandidate = ({ candidate }) => {
        if (candidate?.type) kinds.add(candidate.type);
        if (candidate === null) resolve();
      };
    });
    await connection.setLocalDescription();
    await gathered;
  } catch {
    return 'none';
  } finally {
    connection.close();
  }
  if (kinds.has('relay')) return 'relay';
  if (kinds.has('srflx')) return 'direct';
  return kinds.size > 0 ? 'room' : 'none';
}
