import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import type { AbortOptions, Directory, LookUpOptions } from '../transport.ts';

export interface JointDirectoryParts {
  /** The table that the server keeps. */
  readonly server: Directory;
  /** The table that connected peers keep for each other. */
  readonly peers: Directory;
  /** Whether the server is there: without it nobody waits for it. */
  readonly online: () => boolean;
}

/**
 * The directory as a tab uses it: both tables at once. What is registered must have got to the server while it is there,
 * else to some peer; what is looked up may come from either.
 */
export class JointDirectory implements Directory {
  readonly #parts: JointDirectoryParts;

  constructor(parts: JointDirectoryParts) {
    this.#parts = parts;
  }

  put(key: string, value: Uint8Array, options?: AbortOptions): Promise<void> {
    return this.#register((directory) => directory.put(key, value, options));
  }

  provide(key: string, options?: AbortOptions): Promise<void> {
    return this.#register((directory) => directory.provide(key, options));
  }

  async get(key: string, options?: LookUpOptions): Promise<Uint8Array | undefined> {
    const looks = this.#everywhere().map(async (directory) => {
      const value = await directory.get(key, options);
      if (!value) throw new ShoalError('shard-missing', `Nobody knows ${key} here.`);
      return value;
    });
    try {
      return await Promise.any(looks);
    } catch {
      throwIfAborted(options);
      return undefined;
    }
  }

  async findProviders(key: string, options?: AbortOptions): Promise<string[]> {
    const found = await Promise.allSettled(
      this.#everywhere().map((directory) => directory.findProviders(key, options)),
    );
    throwIfAborted(options);
    return [...new Set(found.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])))];
  }

  async #register(register: (directory: Directory) => Promise<void>): Promise<void> {
    const { server, peers, online } = this.#parts;
    const told = register(peers);
    if (online()) await Promise.all([register(server), told.catch(() => undefined)]);
    else await told;
  }

  #everywhere(): Directory[] {
    const { server, peers, online } = this.#parts;
    return online() ? [server, peers] : [peers];
  }
}

function throwIfAborted(options: AbortOptions | undefined): void {
  if (options?.signal?.aborted) throw abortError(options.signal);
}
