/** The part of `bittorrent-tracker`'s server that Shoal uses; the package has no types. */
declare module 'bittorrent-tracker/server' {
  import { EventEmitter } from 'node:events';
  import type { IncomingMessage, ServerResponse } from 'node:http';
  import type { Duplex } from 'node:stream';

  /** A WebSocket of `ws`, and what the tracker keeps on it. */
  export interface TrackerSocket extends EventEmitter {
    upgradeReq: IncomingMessage | null;
    /** The tracker's listener of `message`; null once the socket is closed. */
    onMessageBound: ((text: string) => void) | null;
    readonly bufferedAmount: number;
    send(text: string, done?: (error?: Error) => void): void;
    ping(): void;
    close(code: number, reason: string): void;
    terminate(): void;
  }

  interface Options {
    readonly http: false;
    readonly udp: false;
    readonly stats: false;
    readonly ws: { readonly noServer: true; readonly maxPayload: number };
    readonly peersCacheLength: number;
    /** An error passed to `done` refuses the announce. */
    readonly filter: (infoHash: string, params: unknown, done: (error?: Error) => void) => void;
  }

  export default class Server extends EventEmitter {
    constructor(options: Options);
    readonly ws: {
      handleUpgrade(
        request: IncomingMessage,
        socket: Duplex,
        head: Buffer,
        done: (socket: TrackerSocket) => void,
      ): void;
    };
    readonly torrents: Record<string, { readonly complete: number; readonly incomplete: number }>;
    onHttpRequest(request: IncomingMessage, response: ServerResponse): void;
    onWebSocketConnection(socket: TrackerSocket): void;
    close(): void;
  }
}
