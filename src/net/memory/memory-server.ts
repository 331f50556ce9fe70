import { abortable, abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter } from '../../core/events.ts';
import type { AbortOptions, Directory, LookUpOptions } from '../transport.ts';

/** The signaling server of a `MemoryNetwork`: it introduces members and keeps the directory. */
export class MemoryServer {
  readonly events = new Emitter<{ change: undefined }>();
  readonly records = new Map<string, Uint8Array>();
  readonly providers = new Map<string, Set<string>>();
  /** One way, ms. */
  latencyMs: number;
  #up = true;

  constructor(latencyMs: number) {
    this.latencyMs = latencyMs;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Stops: the directory is lost with it. */
  stop(): void {
    this.records.clear();
    this.providers.clear();
    this.#set(false);
  }

  start(): void {
    this.#set(true);
  }

  #set(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.events.emit('change', undefined);
  }
}

/** A member's view of the servers' directory: it registers with its own servers, and any of them answers for all. */
export class MemoryDirectory implements Directory {
  readonly #servers: readonly MemoryServer[];
  readonly #home: () => readonly MemoryServer[];
  readonly #peerId: string;

  /**
   * @param servers - all of the network
   * @param home - those at which the member has a place now
   */
  constructor(servers: readonly MemoryServer[], home: () => readonly MemoryServer[], peerId: string) {
    this.#servers = servers;
    this.#home = home;
    this.#peerId = peerId;
  }

  async put(key: string, value: Uint8Array, options: AbortOptions = {}): Promise<void> {
    const copy = value.slice();
    for (const { records } of await this.#reach(options)) records.set(key, copy);
  }

  async get(key: string, options: LookUpOptions = {}): Promise<Uint8Array | undefined> {
    await this.#reach(options);
    const values = this.#up.flatMap(({ records }) => records.get(key)?.slice() ?? []);
    return values.find((value) => options.accept?.(value) ?? true);
  }

  async provide(key: string, options: AbortOptions = {}): Promise<void> {
    for (const { providers } of await this.#reach(options)) {
      providers.set(key, (providers.get(key) ?? new Set()).add(this.#peerId));
    }
  }

  async findProviders(key: string, options: AbortOptions = {}): Promise<string[]> {
    await this.#reach(options);
    return [...new Set(this.#up.flatMap(({ providers }) => [...(providers.get(key) ?? [])]))];
  }

  get #up(): MemoryServer[] {
    return this.#servers.filter(({ up }) => up);
  }

  /** A round trip to the member's servers. */
  async #reach({ signal }: AbortOptions): Promise<MemoryServer[]> {
    if (signal?.aborted) throw abortError(signal);
    const { latencyMs } = this.#servers[0]!;
    await abortable(new Promise((resolve) => setTimeout(resolve, 2 * latencyMs)), signal);
    const home = this.#home().filter(({ up }) => up);
    if (home.length > 0) return home;
    throw new ShoalError('peer-unreachable', 'The server, which keeps the directory, is away.');
  }
}
