import type { Torrent, Wire } from 'webtorrent';

/** Failed requests in a row after which a web server counts as away. */
const MAX_FAILURES = 4;
/** An absent web server is asked again after this; webtorrent alone would ask for every piece every 10 s. */
const RETRY_MS = 30_000;

/** A torrent's copy on a web server: left alone while the server is away, and no longer asked when it was banned. */
export class WebSeed {
  readonly #torrent: Torrent;
  readonly #url: string;
  readonly #banned: ReadonlySet<string>;
  #connected = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(torrent: Torrent, url: string, banned: ReadonlySet<string>) {
    this.#torrent = torrent;
    this.#url = url;
    this.#banned = banned;
    torrent.on('wire', (wire) => {
      if (wire.type === 'webSeed') this.#watch(wire);
    });
    // A tick later webtorrent knows whether there is anything to fetch.
    torrent.on('ready', () => queueMicrotask(() => this.connect()));
  }

  /** Asks the server from now on, also when it seemed away. */
  connect(): void {
    this.close();
    const torrent = this.#torrent;
    if (this.#connected || !torrent.ready || torrent.destroyed || torrent.done || this.#banned.has(this.#url)) return;
    this.#connected = true;
    torrent.addWebSeed(this.#url);
  }

  /** Ends the wait for the server. */
  close(): void {
    clearTimeout(this.#retry);
  }

  #watch(wire: Wire): void {
    let failures = 0;
    wire.on('piece', () => {
      failures = 0;
    });
    wire.lt_donthave.on('donthave', () => {
      if (++failures === MAX_FAILURES) this.#torrent.removePeer(this.#url);
    });
    wire.on('close', () => {
      this.#connected = false;
      if (!this.#torrent.destroyed) this.#retry = setTimeout(() => this.connect(), RETRY_MS);
    });
  }
}
