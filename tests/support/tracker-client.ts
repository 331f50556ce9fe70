import { once } from 'node:events';

/** 20 bytes as WebTorrent writes them in JSON. */
export function binary(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1');
}

/** A peer id of 20 bytes. */
export function peerId(name: string): string {
  return `-SH0001-${name}`.padEnd(20, '.');
}

export type TrackerReply = Readonly<Record<string, unknown>>;

/** A WebSocket to a tracker that speaks raw JSON, so that it can say what no proper client says. */
export class TrackerClient {
  readonly #socket: WebSocket;
  readonly #replies: TrackerReply[] = [];
  readonly #wake = new EventTarget();
  /** Resolves with the close code when the server (or `close`) ends the connection. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = once(socket, 'close').then(([event]) => (event as CloseEvent).code);
    socket.addEventListener('message', ({ data }) => {
      this.#replies.push(JSON.parse(String(data)) as TrackerReply);
      this.#wake.dispatchEvent(new Event('reply'));
    });
  }

  static async connect(serverUrl: string): Promise<TrackerClient> {
    const socket = new WebSocket(`${serverUrl.replace('http', 'ws')}/announce`);
    await once(socket, 'open');
    return new TrackerClient(socket);
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next reply that was not taken yet. */
  async next(): Promise<TrackerReply> {
    while (this.#replies.length === 0) await once(this.#wake, 'reply', { signal: AbortSignal.timeout(10_000) });
    return this.#replies.shift()!;
  }

  async ask(message: unknown): Promise<TrackerReply> {
    this.send(message);
    return this.next();
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}
