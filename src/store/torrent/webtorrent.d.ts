/** The part of `webtorrent` that Shoal uses; the package has no types. */
declare module 'webtorrent' {
  type Listener = (...args: never[]) => void;

  /** One connection to a peer. */
  export interface Wire {
    /** Hexadecimal. */
    readonly peerId: string;
    /** What the other end has. */
    readonly peerPieces: { get(piece: number): boolean };
    readonly destroyed: boolean;
    /** Sent with the extended handshake, which follows the `wire` event. */
    readonly extendedHandshake: { reqq?: number };
    /** Requests of the other end that are not answered yet. */
    readonly peerRequests: readonly unknown[];
    /** Tells the other end that this one has the piece. */
    have(piece: number): void;
    /** The wire ends when a request is unanswered and nothing comes for so long. */
    setTimeout(ms: number, unref: boolean): void;
    /** Not public: waits for `size` bytes, then calls `parser` with them. */
    _parse(size: number, parser: (bytes: Uint8Array) => void): void;
    on(event: 'piece', listener: (piece: number, offset: number, block: Uint8Array) => void): void;
    /** Bytes of a block that has gone to the other end. */
    on(event: 'upload', listener: (bytes: number) => void): void;
    on(event: 'bitfield' | 'have' | 'have-all' | 'request' | 'close', listener: Listener): void;
    destroy(): void;
  }

  /** A WebRTC connection (`simple-peer` without trickling): a description each way, then bytes. */
  export interface PeerConnection {
    /** The other end's peer id, set before the torrent gets it. */
    id?: string;
    readonly destroyed: boolean;
    signal(description: { readonly type: 'offer' | 'answer'; readonly sdp: string }): void;
    once(event: 'signal', listener: (description: { readonly sdp: string }) => void): void;
    once(event: 'connect' | 'close' | 'error', listener: Listener): void;
    on(event: 'error', listener: Listener): void;
    destroy(): void;
  }

  /** Not public: one tracker of a tracker client. */
  interface TrackerConnection {
    readonly reconnecting: boolean;
    readonly reconnectTimer: ReturnType<typeof setTimeout> | null;
  }

  /** Not public: a torrent's announcer. */
  interface TrackerClient {
    readonly _trackers: readonly TrackerConnection[];
    update(): void;
    destroy(callback?: () => void): void;
  }

  export interface Torrent {
    readonly infoHash: string;
    readonly ready: boolean;
    readonly done: boolean;
    readonly destroyed: boolean;
    readonly paused: boolean;
    readonly length: number;
    readonly pieceLength: number;
    /** One element a piece, null where it is stored. */
    readonly pieces: readonly unknown[];
    /** The `.torrent`, once the metadata is there. */
    readonly torrentFile: Uint8Array;
    readonly bitfield: { get(piece: number): boolean };
    /** In which order the selected pieces are asked for. */
    strategy: 'rarest' | 'sequential';
    readonly wires: readonly Wire[];
    readonly numPeers: number;
    readonly uploaded: number;
    readonly downloadSpeed: number;
    readonly uploadSpeed: number;
    /** Not public: peers by id, those that are still to connect among them. */
    readonly _peers: ReadonlyMap<string, unknown>;
    /** Not public: SHA-1 of each piece, hexadecimal, once the metadata is there. */
    readonly _hashes: readonly string[];
    /** Not public: a piece is stored. */
    _markVerified(piece: number): void;
    /** Not public: takes the `.torrent`, unless it is known. */
    _onMetadata(torrent: Uint8Array): Promise<void>;
    /** Not public: looks whether that was the last. */
    _checkDone(): void;
    /** Not public; null before the first announce and after the end. */
    readonly discovery: { tracker: TrackerClient | null; _createTracker(): TrackerClient } | null;
    /** Not public: schedules, and does, what follows when a piece, a message or a peer has come. */
    _update(): void;
    _updateWireWrapper(): void;
    on(event: 'metadata' | 'ready' | 'done' | 'close' | 'trackerAnnounce', listener: () => void): void;
    on(event: 'verified', listener: (piece: number) => void): void;
    on(event: 'wire', listener: (wire: Wire) => void): void;
    on(event: 'warning' | 'error', listener: (error: Error | string) => void): void;
    select(firstPiece: number, lastPiece: number, priority?: number): void;
    deselect(firstPiece: number, lastPiece: number): void;
    /** @returns false when a peer of this id is there already, or the torrent is paused; the connection is then ended. */
    addPeer(peer: PeerConnection, source: string): boolean;
    removePeer(peer: string): void;
    /** Takes no new peers; the connected ones stay. */
    pause(): void;
    resume(): void;
    destroy(options: { readonly destroyStore: boolean }, callback: () => void): void;
  }

  /** The `abstract-chunk-store` interface. */
  export interface ChunkStore {
    readonly chunkLength: number;
    put(piece: number, bytes: Uint8Array, callback: (error: Error | null) => void): void;
    get(
      piece: number,
      options: { readonly offset?: number; readonly length?: number } | null,
      callback: (error: Error | null, bytes?: Uint8Array) => void,
    ): void;
    get(piece: number, callback: (error: Error | null, bytes?: Uint8Array) => void): void;
    close(callback: (error: Error | null) => void): void;
    destroy(callback: (error: Error | null) => void): void;
  }

  export interface TorrentOptions {
    readonly announce: readonly string[];
    /** Pieces that the store holds, first piece in the highest bit. */
    readonly bitfield: Uint8Array;
    readonly preloadedStore: ChunkStore;
    readonly strategy: 'rarest' | 'sequential';
    /** Pieces kept in memory for other peers, which ask for a piece's blocks one by one. */
    readonly storeCacheSlots: number;
    /** Select no piece. */
    readonly deselect: boolean;
    /** Send nothing to complete peers. */
    readonly alwaysChokeSeeders: boolean;
    /** Merged into each announce. */
    readonly getAnnounceOpts: () => { readonly numwant: number };
  }

  export default class WebTorrent {
    /** Hexadecimal. */
    readonly peerId: string;
    constructor(options: {
      /** 40 hexadecimal digits. */
      readonly peerId: string;
      readonly dht: false;
      readonly lsd: false;
      readonly utPex: false;
      /** Bytes a second; -1 for no limit. */
      readonly uploadLimit: number;
      readonly tracker: { readonly announce: readonly string[]; readonly rtcConfig: RTCConfiguration };
    });
    /** @param torrent - the `.torrent`, or a magnet link */
    add(torrent: Uint8Array | string, options: TorrentOptions): Torrent;
    on(event: 'error', listener: (error: Error | string) => void): void;
    /** @param rate - bytes a second; -1 for no limit */
    throttleUpload(rate: number): void;
    destroy(callback: () => void): void;
  }
}

/** Only what the exchange of torrents needs; the package has no types. */
declare module '@thaunknown/simple-peer/lite.js' {
  import type { PeerConnection } from 'webtorrent';

  const Peer: new (options: {
    readonly initiator: boolean;
    /** Candidates go with the description, not after it. */
    readonly trickle: boolean;
    readonly config: RTCConfiguration;
  }) => PeerConnection;
  export default Peer;
}
