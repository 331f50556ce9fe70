import { sourceHost } from '../../protocol/model-source.ts';
import { FetchGate } from '../fetch-gate.ts';
import type { HubView, ShardOrigin } from '../shard-store.ts';
import type { HubRecord } from './hub-copy.ts';
import type { ExchangeParts, ExchangeState } from './open-exchange.ts';
import { PeerCounts } from './peer-counts.ts';
import type { ShardExchange } from './shard-exchange.ts';

/** A shard's exchange with other tabs, one at a time: opened when it is needed, left, opened again. */
export class ExchangeSlot implements ExchangeState {
  readonly #parts: ExchangeParts;
  /** Sources that no exchange of this shard asks. */
  readonly banned = new Set<string>();
  readonly counts = new PeerCounts();
  readonly gate = new FetchGate();
  readonly hubRecord: HubRecord = { askedBytes: 0, refusal: undefined };
  #joining: Promise<ShardExchange> | undefined;
  #current: ShardExchange | undefined;
  /** Of exchanges that are over. */
  #receivedBytes = 0;
  #serverBytes = 0;
  #hubBytes = 0;
  #sentBytes = 0;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  get current(): ShardExchange | undefined {
    return this.#current;
  }

  /** Since the page was opened. */
  get receivedBytes(): number {
    return this.#receivedBytes + (this.#current?.receivedBytes ?? 0);
  }

  get serverBytes(): number {
    return this.#serverBytes + (this.#current?.serverBytes ?? 0);
  }

  get hub(): HubView | undefined {
    const { hub } = this.#parts;
    if (!hub) return undefined;
    const bytes = this.#hubBytes + (this.#current?.hubBytes ?? 0);
    const { refusal } = this.hubRecord;
    const state = refusal ? 'refused' : hub.allowed() ? 'idle' : 'off';
    return { host: sourceHost(hub.source), state, trouble: refusal?.trouble, ...this.#current?.hub, bytes };
  }

  get sentBytes(): number {
    return this.#sentBytes + (this.#current?.sentBytes ?? 0);
  }

  async join(origin: ShardOrigin): Promise<ShardExchange> {
    this.#joining ??= this.#open(origin);
    try {
      this.#current = await this.#joining;
      return this.#current;
    } catch (error) {
      this.#joining = undefined;
      throw error;
    }
  }

  /** Its code comes with the torrent client's. */
  async #open(origin: ShardOrigin): Promise<ShardExchange> {
    this.#parts.connect().catch(() => undefined);
    const { openExchange } = await import('./open-exchange.ts');
    return openExchange(origin, this.#parts, this);
  }

  /** @returns the bytes that are stored, if there was an exchange that knows */
  async leave(): Promise<number | undefined> {
    const exchange = await this.#joining?.catch(() => undefined);
    this.#joining = undefined;
    this.#current = undefined;
    if (!exchange) return undefined;
    const { storedBytes } = exchange;
    this.#receivedBytes += exchange.receivedBytes;
    this.#serverBytes += exchange.serverBytes;
    this.#hubBytes += exchange.hubBytes;
    this.#sentBytes += exchange.sentBytes;
    await exchange.close();
    return storedBytes;
  }
}
