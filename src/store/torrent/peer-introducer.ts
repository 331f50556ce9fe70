/** One end of a WebRTC connection to be, as it travels. */
export interface PeerDescription {
  /** The sender's id in the exchange of torrents, 40 hexadecimal digits. */
  readonly peerId: string;
  readonly sdp: string;
}

/** Brings offers to other tabs and their answers back: how tabs meet for a shard where the tracker brings nobody. */
export interface PeerIntroducer {
  /** Tabs that may have the shard and can be reached, best first. */
  holders(infoHash: string, signal: AbortSignal): Promise<readonly string[]>;
  /** @throws ShoalError `peer-unreachable`, `peer-gone` when the tab takes no offer, `bad-request`, `aborted` */
  offer(tab: string, infoHash: string, offer: PeerDescription, signal: AbortSignal): Promise<PeerDescription>;
}

/** A store that tabs can meet without a tracker. */
export interface MeetingPlace {
  /** From now on tabs are met through `introducer` too. */
  introduceBy(introducer: PeerIntroducer): void;
  /**
   * Answers another tab's offer.
   * @param tab - who offers, as the introducer names it
   * @throws ShoalError `shard-missing` when this tab does not exchange the shard, `limit-exceeded`, `bad-request`
   */
  answer(tab: string, infoHash: string, offer: PeerDescription): Promise<PeerDescription>;
}
