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

/** A member's view of the server's directory. */
export class MemoryDirectory implements Directory {
  readonly #server: MemoryServer;
  readonly #peerId: string;

  constructor(server: MemoryServer, peerId: string) {
    this.#server = server;
    this.#peerId = peerId;
  }

  async put(key: string, value: Uint8Array, options: AbortOptions = {}): Promise<void> {
    const copy = value.slice();
    await this.#reach(options);
    this.#server.records.set(key, copy);
  }

  async get(key: string, options: LookUpOptions = {}): Promise<Uint8Array | undefined> {
    await this.#reach(options);
    const value = this.#server.records.get(key)?.slice();
    return value && (options.accept?.(value) ?? true) ? value : undefined;
  }

  async provide(key: string, options: AbortOptions = {}): Promise<void> {
    await this.#reach(options);
    const providers = this.#server.providers.get(key) ?? new Set();
    this.#server.providers.set(key, providers.add(this.#peerId));
  }

  async findProviders(key: string, options: AbortOptions = {}): Promise<string[]> {
    await this.#reach(options);
    return [...(this.#server.providers.get(key) ?? [])];
  }

  /** A round trip to the server. */
  async #reach({ signal }: AbortOptions): Promise<void> {
    if (signal?.aborted) throw abortError(signal);
    await abortable(new Promise((resolve) => setTimeout(resolve, 2 * this.#server.latencyMs)), signal);
    if (!this.#server.up) throw new ShoalError('peer-unreachable', 'The server, which keeps the directory, is away.');
  }
}
