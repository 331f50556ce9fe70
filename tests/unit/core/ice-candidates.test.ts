import { describe, expect, it, vi } from 'vitest';
import { addressesIn, guardCandidates, guardedDescription } from '../../../src/core/ice-candidates.ts';

const candidate = (address: string, port = 50_000, transport = 'udp') =>
  `a=candidate:1 1 ${transport} 2113937151 ${address} ${port} typ host generation 0`;
const described = (...candidates: string[]) =>
  `${['v=0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:0', ...candidates].join('\r\n')}\r\n`;

describe('a hostile session description', () => {
  it('names no service, nothing over TCP and no third party to this browser', () => {
    const sdp = described(
      candidate('192.168.1.7'),
      candidate('8.8.8.8', 53),
      candidate('192.168.1.1', 8080, 'tcp'),
      candidate('203.0.113.9'),
      candidate('a1b2.local'),
      'a=candidate:not one',
      'a=remote-candidates:1 198.51.100.1 9999',
    );
    expect(addressesIn(guardedDescription(sdp))).toEqual(['192.168.1.7', '203.0.113.9', 'a1b2.local']);
    const known = guardedDescription(sdp, new Set(['192.168.1.7']));
    expect(known).toBe(described(candidate('192.168.1.7'), candidate('a1b2.local')));
  });

  it('names a few addresses at most', () => {
    const many = Array.from({ length: 200 }, (_, host) => candidate(`203.0.113.${host}`));
    expect(addressesIn(guardedDescription(described(...many))).length).toBe(24);
    const mixed = [...many.map((line) => line.replace('a=', 'A=')), ...many];
    expect(addressesIn(guardedDescription(described(...mixed))).length).toBeLessThanOrEqual(24);
  });

  it('does not hide a candidate behind another end of line', () => {
    const sdp = described(`a=mid:1\r${candidate('8.8.8.8', 53)}`, `a=mid:2\n${candidate('8.8.4.4', 53)}`);
    expect(guardedDescription(sdp)).not.toContain('8.8.');
  });

  it.each([
    ['sound beside the data', described().replace('a=mid:0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111')],
    ['no data', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'],
    ['nothing', ''],
  ])('is refused when it describes %s', (_, sdp) => {
    expect(() => guardedDescription(sdp)).toThrow('media');
  });

  it('of an honest tab goes through as it is', () => {
    const sdp = described(candidate('192.168.1.7'), candidate('fd00::1', 61_000), candidate('a1b2.local'));
    expect(guardedDescription(sdp)).toBe(sdp);
  });
});

describe('every peer connection', () => {
  function guardedConnection() {
    const taken = vi.fn(async (_: unknown) => undefined);
    class FakeConnection {
      setRemoteDescription = undefined as never;
    }
    Object.assign(FakeConnection.prototype, { setRemoteDescription: taken, addIceCandidate: taken });
    const connections = FakeConnection as unknown as typeof RTCPeerConnection;
    guardCandidates(connections);
    guardCandidates(connections);
    return { taken, connection: Object.create(FakeConnection.prototype) as RTCPeerConnection };
  }

  it('takes a description without what it must not name, and none of anything but data', async () => {
    const { taken, connection } = guardedConnection();
    await connection.setRemoteDescription({ type: 'offer', sdp: described(candidate('8.8.8.8', 53)) });
    expect(taken).toHaveBeenCalledExactlyOnceWith({ type: 'offer', sdp: described() });
    await expect(connection.setRemoteDescription({ type: 'offer', sdp: 'v=0\r\n' })).rejects.toThrow('media');
    expect(taken).toHaveBeenCalledOnce();
  });

  it('takes a few candidates that come one by one, and the word that there are no more', async () => {
    const { taken, connection } = guardedConnection();
    const add = (line: string) => connection.addIceCandidate({ candidate: line.slice(2), sdpMid: '0' });
    await add(candidate('8.8.8.8', 53));
    await add(candidate('192.168.1.1', 80, 'tcp'));
    expect(taken).not.toHaveBeenCalled();
    for (let host = 0; host < 100; host++) await add(candidate(`203.0.113.${host}`));
    expect(taken).toHaveBeenCalledTimes(22);
    await connection.addIceCandidate(null);
    await connection.addIceCandidate({ candidate: '', sdpMid: '0' });
    expect(taken).toHaveBeenCalledTimes(24);
  });
});
