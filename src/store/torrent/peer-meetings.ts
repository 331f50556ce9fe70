import type { PeerConnection, Torrent } from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { descriptionOf } from './peer-description.ts';
import type { PeerDescription, PeerIntroducer } from './peer-introducer.ts';

/** A download without any tab looks for tabs this often; the tracker, where there is one, is mostly quicker. */
const LOOK_INTERVAL_MS = 2000;
/** After looks that brought nobody the pause doubles, up to this. */
const MAX_LOOK_INTERVAL_MS = 16_000;
/** Tabs invited in one look. */
const MAX_OFFERS = 4;
/** One offer's way: a round trip, and up to ten seconds in which the other tab gathers its candidates. */
const OFFER_TIMEOUT_MS = 15_000;
/** Connections of one shard that others have asked for and that are not open yet: each is an RTCPeerConnection. */
const MAX_PENDING = 8;

/** Makes one end of a WebRTC connection to be. */
export type CreatePeer = (initiator: boolean) => PeerConnection;

export interface PeerMeetingsOptions {
  readonly torrent: Torrent;
  readonly infoHash: string;
  /** For the log. */
  readonly fileName: string;
  /** This tab's id in the exchange of torrents. */
  readonly peerId: string;
  readonly introducer: () => PeerIntroducer | undefined;
  readonly createPeer: CreatePeer;
}

/** Meets tabs for one torrent through an introducer, when its tracker brings none. */
export class PeerMeetings {
  readonly #options: PeerMeetingsOptions;
  readonly #stop = new AbortController();
  /** Tabs with an offer of ours under way. */
  readonly #offering = new Map<string, PeerConnection>();
  /** Tabs whose offer was answered, until the connection is open or given up. */
  readonly #answering = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerMeetingsOptions) {
    this.#options = options;
    this.#lookAfter(LOOK_INTERVAL_MS);
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    for (const peer of this.#offering.values()) peer.destroy();
  }

  /** @see MeetingPlace.answer */
  async answer(tab: string, offer: PeerDescription): Promise<PeerDescription> {
    const { peerId } = this.#options;
    if (this.#answering.has(tab) || this.#answering.size >= MAX_PENDING) {
      throw new ShoalError('limit-exceeded', 'Too many connections are asked for at once.');
    }
    // Of two tabs that offer to each other one gives way, and both agree which.
    const own = this.#offering.get(tab);
    if (own && peerId < offer.peerId) throw new ShoalError('limit-exceeded', 'An offer is on its way to you.');
    own?.destroy();
    const peer = this.#createPeer(false);
    this.#answering.add(tab);
    for (const event of ['connect', 'close', 'error'] as const) {
      peer.once(event, () => this.#answering.delete(tab));
    }
    this.#add(peer, offer.peerId);
    const sdp = descriptionOf(peer);
    peer.signal({ type: 'offer', sdp: offer.sdp });
    return { peerId, sdp: await sdp };
  }

  #lookAfter(pauseMs: number): void {
    this.#timer = setTimeout(async () => {
      const found = this.#lonely() && (await this.#look());
      const next = this.#lonely() && !found ? Math.min(2 * pauseMs, MAX_LOOK_INTERVAL_MS) : LOOK_INTERVAL_MS;
      if (!this.#stop.signal.aborted) this.#lookAfter(next);
    }, pauseMs);
  }

  /** Whether pieces are missing and no tab is there, or on its way, to send them. */
  #lonely(): boolean {
    const { done, destroyed, _peers } = this.#options.torrent;
    return !done && !destroyed && _peers.size === 0;
  }

  /** @returns whether some tab took an offer */
  async #look(): Promise<boolean> {
    const introducer = this.#options.introducer();
    if (!introducer) return false;
    const { infoHash } = this.#options;
    const { signal } = this.#stop;
    const holders = await introducer.holders(infoHash, signal).catch(() => []);
    if (!this.#lonely()) return true;
    const offers = holders.slice(0, MAX_OFFERS).map((tab) => this.#offer(introducer, tab));
    return (await Promise.all(offers)).includes(true);
  }

  async #offer(introducer: PeerIntroducer, tab: string): Promise<boolean> {
    const { infoHash, peerId, fileName } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(OFFER_TIMEOUT_MS)]);
    let peer: PeerConnection | undefined;
    try {
      peer = this.#createPeer(true);
      this.#offering.set(tab, peer);
      const sdp = await descriptionOf(peer);
      const answer = await introducer.offer(tab, infoHash, { peerId, sdp }, signal);
      this.#add(peer, answer.peerId);
      peer.signal({ type: 'answer', sdp: answer.sdp });
      log.info('TORRENT', `${fileName}: met ${tab} without the tracker.`);
      return true;
    } catch (error) {
      peer?.destroy();
      if (!this.#stop.signal.aborted) {
        log.info('TORRENT', `${fileName}: ${tab} was not met: ${ShoalError.from(error).message}`);
      }
      return false;
    } finally {
      this.#offering.delete(tab);
    }
  }

  #createPeer(initiator: boolean): PeerConnection {
    const { torrent, createPeer } = this.#options;
    if (torrent.destroyed) throw new ShoalError('shard-missing', 'This shard is not exchanged here now.');
    return createPeer(initiator);
  }

  /** Hands the connection over to the torrent, which ends it if it does not open in time. */
  #add(peer: PeerConnection, peerId: string): void {
    peer.id = peerId;
    if (peer.destroyed || !this.#options.torrent.addPeer(peer, 'introducer')) {
      throw new ShoalError('limit-exceeded', 'This tab is connected already, or has peers enough.');
    }
  }
}
