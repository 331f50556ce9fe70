import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { providerCid } from '../../protocol/directory.ts';
import type { AbortOptions, Directory, LookUpOptions } from '../transport.ts';
import type { TabNode } from './libp2p-node.ts';

/** A look-up or a registration that takes longer has lost its way: the server holds the whole table. */
const QUERY_TIMEOUT_MS = 10_000;

/** Holders of one key: more tabs than a server connects are no holders. */
const MAX_FOUND = 2048;

type Dht = TabNode['services']['dht'];
type QueryEvent = ReturnType<Dht['findPeer']> extends AsyncIterable<infer Event> ? Event : never;

/** The part of the directory that the server keeps: tabs are clients of its DHT. */
export class DhtDirectory implements Directory {
  readonly #dht: Dht;

  constructor(node: TabNode) {
    this.#dht = node.services.dht;
  }

  async put(key: string, value: Uint8Array, options: AbortOptions = {}): Promise<void> {
    let stored = false;
    await query(options, async (signal) => {
      for await (const event of this.#dht.put(new TextEncoder().encode(key), value, { signal })) {
        if (isResponse(event, 'PUT_VALUE')) stored = true;
      }
    });
    if (!stored) throw new ShoalError('peer-unreachable', `No node of the DHT took the record of ${key}.`);
  }

  async get(key: string, options: LookUpOptions = {}): Promise<Uint8Array | undefined> {
    const { accept = () => true } = options;
    let value: Uint8Array | undefined;
    await query(options, async (signal) => {
      for await (const event of this.#dht.get(new TextEncoder().encode(key), { signal })) {
        if (event.name !== 'VALUE' || !accept(event.value)) continue;
        value = event.value;
        break;
      }
    });
    return value;
  }

  async provide(key: string, options: AbortOptions = {}): Promise<void> {
    const cid = await providerCid(key);
    let told = false;
    await query(options, async (signal) => {
      for await (const event of this.#dht.provide(cid, { signal })) {
        if (isResponse(event, 'ADD_PROVIDER')) told = true;
      }
    });
    if (!told) throw new ShoalError('peer-unreachable', `No node of the DHT took the registration for ${key}.`);
  }

  async findProviders(key: string, options: AbortOptions = {}): Promise<string[]> {
    const cid = await providerCid(key);
    const found = new Set<string>();
    await query(options, async (signal) => {
      for await (const event of this.#dht.findProviders(cid, { signal })) {
        if (event.name === 'PROVIDER') for (const { id } of event.providers) found.add(id.toString());
        if (found.size >= MAX_FOUND) break;
      }
    });
    return [...found].slice(0, MAX_FOUND);
  }
}

/** Whether a peer answered this very message; a query's other messages are answered as well. */
function isResponse(event: QueryEvent, messageType: 'PUT_VALUE' | 'ADD_PROVIDER'): boolean {
  return event.name === 'PEER_RESPONSE' && event.messageType === messageType;
}

/** Runs a query within the time for one. What it has found until it failed counts; "not found" is a failure to the DHT. */
async function query({ signal }: AbortOptions, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (signal?.aborted) throw abortError(signal);
  const timeout = AbortSignal.timeout(QUERY_TIMEOUT_MS);
  try {
    await run(signal ? AbortSignal.any([signal, timeout]) : timeout);
  } catch {
    if (signal?.aborted) throw abortError(signal);
  }
}
