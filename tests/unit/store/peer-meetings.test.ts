import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PeerConnection, Torrent } from 'webtorrent';
import type { PeerDescription, PeerIntroducer } from '../../../src/store/torrent/peer-introducer.ts';
import { PeerMeetings } from '../../../src/store/torrent/peer-meetings.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ids = { low: '1'.repeat(40), high: '9'.repeat(40) };
const soon = () => vi.advanceTimersByTimeAsync(10);

/** A connection that describes itself at once, and connects when told to. */
class FakePeer extends EventTarget {
  id?: string;
  destroyed = false;
  readonly given: string[] = [];
  readonly #initiator: boolean;

  constructor(initiator: boolean) {
    super();
    this.#initiator = initiator;
    if (initiator) setTimeout(() => this.emit('signal', { sdp: 'offer' }), 1);
  }

  signal({ type, sdp }: { readonly type: string; readonly sdp: string }): void {
    this.given.push(`${type} ${sdp}`);
    if (sdp === 'nonsense') this.destroy();
    else if (!this.#initiator) setTimeout(() => this.emit('signal', { sdp: 'answer' }), 1);
  }

  on(event: string, listener: (detail: unknown) => void): void {
    this.addEventListener(event, (fired) => listener((fired as CustomEvent).detail));
  }

  once(event: string, listener: (detail: unknown) => void): void {
    this.addEventListener(event, (fired) => listener((fired as CustomEvent).detail), { once: true });
  }

  emit(event: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

/** As much of a torrent as meetings see: it takes a peer of an id once. */
class FakeTorrent {
  done = false;
  destroyed = false;
  readonly made: FakePeer[] = [];
  readonly _peers = new Map<string, { type: 'webrtc'; peer: FakePeer }>();
  readonly createPeer = (initiator: boolean): PeerConnection => {
    const peer = new FakePeer(initiator);
    this.made.push(peer);
    return peer as unknown as PeerConnection;
  };

  addPeer(peer: PeerConnection): boolean {
    if (this._peers.has(peer.id!)) {
      peer.destroy();
      return false;
    }
    this._peers.set(peer.id!, { type: 'webrtc', peer: peer as unknown as FakePeer });
    return true;
  }
}

/** Calls into other tabs' meetings, some milliseconds away. */
class FakeIntroducer implements PeerIntroducer {
  readonly tabs = new Map<string, PeerMeetings>();
  asked = 0;

  async holders(): Promise<string[]> {
    this.asked++;
    return [...this.tabs.keys()];
  }

  async offer(tab: string, _infoHash: string, offer: PeerDescription): Promise<PeerDescription> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.tabs.get(tab)!.answer('caller', offer);
  }
}

function tab(peerId: string, introducer = new FakeIntroducer()) {
  const torrent = new FakeTorrent();
  const meetings = new PeerMeetings({
    torrent: torrent as unknown as Torrent,
    infoHash: 'a'.repeat(40),
    fileName: 'shard-0.gguf',
    peerId,
    introducer: () => introducer,
    createPeer: torrent.createPeer,
  });
  return { torrent, meetings, introducer };
}

describe('meetings without a tracker', () => {
  it('bring a download that has nobody together with a holder', async () => {
    const [seeker, holder] = [tab(ids.low), tab(ids.high)];
    seeker.introducer.tabs.set('holder', holder.meetings);
    await vi.advanceTimersByTimeAsync(2100);
    expect(seeker.torrent._peers.get(ids.high)!.peer.given).toEqual(['answer answer']);
    expect(holder.torrent._peers.get(ids.low)!.peer.given).toEqual(['offer offer']);
    // It has somebody now.
    const { asked } = seeker.introducer;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seeker.introducer.asked).toBe(asked);
  });

  it('look less and less often while there is nobody, and not at all for a complete shard', async () => {
    const [seeker, seed] = [tab(ids.low), tab(ids.high)];
    seed.torrent.done = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seeker.introducer.asked).toBeGreaterThan(3);
    expect(seeker.introducer.asked).toBeLessThan(8);
    expect(seed.introducer.asked).toBe(0);
    seeker.meetings.close();
    const { asked } = seeker.introducer;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seeker.introducer.asked).toBe(asked);
  });

  it('make one connection when both offer at the same time', async () => {
    const [low, high] = [tab(ids.low), tab(ids.high)];
    // Each knows the other by the name that its answers go to.
    low.introducer.tabs.set('caller', high.meetings);
    high.introducer.tabs.set('caller', low.meetings);
    await vi.advanceTimersByTimeAsync(2100);
    for (const [one, other] of [
      [low, ids.high],
      [high, ids.low],
    ] as const) {
      expect([...one.torrent._peers.keys()]).toEqual([other]);
      expect(one.torrent._peers.get(other)!.peer.destroyed).toBe(false);
      expect(one.torrent.made.filter(({ destroyed }) => !destroyed).length).toBe(1);
    }
    // The offer of the lower id is the one that counts.
    expect(low.torrent._peers.get(ids.high)!.peer.given).toEqual(['answer answer']);
  });

  it('refuse a second offer of a tab until the first has come to something', async () => {
    const holder = tab(ids.high);
    const offer = (digit: number) => ({ peerId: String(digit).repeat(40), sdp: 'offer' });
    const first = holder.meetings.answer('seeker', offer(1));
    await soon();
    await first;
    await expect(holder.meetings.answer('seeker', offer(2))).rejects.toMatchObject({ code: 'limit-exceeded' });
    holder.torrent._peers.get('1'.repeat(40))!.peer.emit('connect');
    const second = holder.meetings.answer('seeker', offer(2));
    await soon();
    expect((await second).sdp).toBe('answer');
  });

  it('keep no more than eight connections pending', async () => {
    const holder = tab(ids.high);
    for (let index = 0; index < 8; index++) {
      const answered = holder.meetings.answer(`tab ${index}`, { peerId: String(index).repeat(40), sdp: 'offer' });
      await soon();
      await answered;
    }
    await expect(holder.meetings.answer('tab 8', { peerId: '8'.repeat(40), sdp: 'offer' })).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
    expect(holder.torrent.made.length).toBe(8);
  });

  it('refuse a peer that is there already, and a description that is none', async () => {
    const holder = tab(ids.high);
    const first = holder.meetings.answer('seeker', { peerId: ids.low, sdp: 'offer' });
    await soon();
    await first;
    await expect(holder.meetings.answer('other', { peerId: ids.low, sdp: 'offer' })).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
    const nonsense = holder.meetings.answer('third', { peerId: '3'.repeat(40), sdp: 'nonsense' });
    await expect(nonsense).rejects.toMatchObject({ code: 'bad-request' });
    // Neither counts as pending.
    const again = holder.meetings.answer('third', { peerId: '4'.repeat(40), sdp: 'offer' });
    await soon();
    expect((await again).sdp).toBe('answer');
  });
});
