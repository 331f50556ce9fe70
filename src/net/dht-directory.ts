import { ShoalError } from '../core/errors.ts';
import { providerCid } from '../protocol/directory.ts';
import type { TabNode } from './libp2p-node.ts';
import type { AbortOptions, Directory } from './transport.ts';

/** A look-up or a registration that takes longer has lost its way: the server holds the whole table. */
const QUERY_TIMEOUT_MS = 10_000;

/** The swarm's table in the DHT. */
export class DhtDirectory implements Directory {
  readonly #node: TabNode;

  constructor(node: TabNode) {
    this.#node = node;
  }

  async put(key: string, value: Uint8Array, options: AbortOptions = {}): Promise<void> {
    const { signal } = bounded(options);
    let stored = false;
    // The service's own `put` on contentRouting hides whether any peer took the record.
    for await (const event of this.#node.services.dht.put(new TextEncoder().encode(key), value, { signal })) {
      if (event.name === 'PEER_RESPONSE') stored = true;
    }
    if (!stored) throw new ShoalError('peer-unreachable', 'No node of the DHT took the record.');
  }

  async get(key: string, options: AbortOptions = {}): Promise<Uint8Array | undefined> {
    const { signal } = bounded(options);
    try {
      for await (const event of this.#node.services.dht.get(new TextEncoder().encode(key), { signal })) {
        if (event.name === 'VALUE') return event.value;
      }
    } catch (error) {
      if (options.signal?.aborted) throw ShoalError.from(error);
      // "Not found" arrives as an error too.
    }
    return undefined;
  }

  async provide(key: string, options: AbortOptions = {}): Promise<void> {
    const { signal } = bounded(options);
    let told = false;
    for await (const event of this.#node.services.dht.provide(await providerCid(key), { signal })) {
      if (event.name === 'PEER_RESPONSE') told = true;
    }
    if (!told) throw new ShoalError('peer-unreachable', 'No node of the DHT took the registration.');
  }

  async findProviders(key: string, options: AbortOptions = {}): Promise<string[]> {
    const { signal } = bounded(options);
    const found = new Set<string>();
    for await (const event of this.#node.services.dht.findProviders(await providerCid(key), { signal })) {
      if (event.name === 'PEER_RESPONSE' || event.name === 'PROVIDER')
        for (const { id } of event.providers) found.add(id.toString());
    }
    return [...found];
  }
}

function bounded({ signal }: AbortOptions): { signal: AbortSignal } {
  const timeout = AbortSignal.timeout(QUERY_TIMEOUT_MS);
  return { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
}
