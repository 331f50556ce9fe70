import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { isDirectoryKey } from '../../protocol/directory.ts';
import {
  DIRECTORY_PROTOCOL,
  type DirectoryAnswer,
  type DirectoryEntry,
  type DirectoryRequest,
  encodeDirectoryMessage,
  isRecordOf,
  MAX_NAMED_HOLDERS,
  MAX_NAMED_RECORDS,
  MAX_TOLD_ENTRIES,
  parseDirectoryAnswer,
  parseDirectoryRequest,
} from '../../protocol/directory-exchange.ts';
import type { AbortOptions, Directory, LookUpOptions, Transport } from '../transport.ts';

/** Peers asked in one look-up: each knows what its own neighbours have, so a dozen see hundreds. */
const MAX_ASKED = 16;
/** An open connection answers within a round trip; a frozen tab must not hold a look-up up. */
const ANSWER_TIMEOUT_MS = 3000;
/** Keys that one peer may speak of: every shard of the largest manifest, the manifest, and as many again. */
const MAX_KEYS_PER_PEER = 2 * 1025;

type Peers = Pick<Transport, 'peerId' | 'peers' | 'request' | 'handleRequests' | 'onPeer'>;

/**
 * The directory among connected tabs: each tells the others what it has, as it registers and whenever a connection
 * opens, and repeats to who asks what it has been told. What a tab says is forgotten with its connection, so nothing here
 * is stale for long. Nobody can register another: who speaks is known from the connection.
 */
export class PeerDirectory implements Directory {
  readonly #peers: Peers;
  readonly #own = new Map<string, DirectoryEntry>();
  readonly #told = new Map<string, Map<string, DirectoryEntry>>();

  constructor(peers: Peers) {
    this.#peers = peers;
    peers.handleRequests(DIRECTORY_PROTOCOL, async (from, request) =>
      encodeDirectoryMessage(this.#answer(from, parseDirectoryRequest(request))),
    );
    peers.onPeer(({ peerId, connected }) => {
      if (connected) void this.#introduceTo(peerId);
      else this.#told.delete(peerId);
    });
  }

  async put(key: string, value: Uint8Array, options: AbortOptions = {}): Promise<void> {
    const record = new TextDecoder().decode(value);
    if (!isRecordOf(key, record)) throw new ShoalError('bad-request', `This is no record for ${key}.`);
    await this.#register({ key, record, holds: this.#own.get(key)?.holds ?? false }, options);
  }

  async provide(key: string, options: AbortOptions = {}): Promise<void> {
    if (!isDirectoryKey(key)) throw new ShoalError('bad-request', `${key} is no key of the directory.`);
    await this.#register({ key, record: this.#own.get(key)?.record ?? null, holds: true }, options);
  }

  async get(key: string, { signal, accept = () => true }: LookUpOptions = {}): Promise<Uint8Array | undefined> {
    const find = (records: readonly string[]) =>
      records
        .filter((record) => isRecordOf(key, record))
        .map((record) => new TextEncoder().encode(record))
        .find(accept);
    const known = find(this.#known(key).records);
    if (known) return known;
    return find((await this.#ask(key, signal)).flatMap(({ records }) => records));
  }

  async findProviders(key: string, { signal }: AbortOptions = {}): Promise<string[]> {
    const answers = [this.#known(key), ...(await this.#ask(key, signal))];
    return [...new Set(answers.flatMap(({ holders }) => holders))];
  }

  /** Keeps the entry for who asks and who connects later, and tells those who are connected. */
  async #register(entry: DirectoryEntry, { signal }: AbortOptions): Promise<void> {
    this.#own.set(entry.key, entry);
    const told = await Promise.allSettled(this.#peers.peers().map((peerId) => this.#tell(peerId, [entry], signal)));
    if (signal?.aborted) throw abortError(signal);
    if (!told.some(({ status }) => status === 'fulfilled')) {
      throw new ShoalError('peer-unreachable', `No connected tab took the entry of ${entry.key}.`);
    }
  }

  async #introduceTo(peerId: string): Promise<void> {
    const entries = [...this.#own.values()];
    for (let start = 0; start < entries.length; start += MAX_TOLD_ENTRIES) {
      // One that does not listen is told nothing; it may still ask.
      await this.#tell(peerId, entries.slice(start, start + MAX_TOLD_ENTRIES)).catch(() => undefined);
    }
  }

  async #tell(peerId: string, entries: DirectoryEntry[], signal?: AbortSignal): Promise<void> {
    await this.#request(peerId, { tell: entries }, signal);
  }

  async #ask(key: string, signal: AbortSignal | undefined): Promise<DirectoryAnswer[]> {
    if (signal?.aborted) throw abortError(signal);
    const peers = this.#peers.peers();
    const first = Math.floor(Math.random() * peers.length);
    const asked = [...peers.slice(first), ...peers.slice(0, first)].slice(0, MAX_ASKED);
    const answers = await Promise.allSettled(asked.map((peerId) => this.#request(peerId, { find: key }, signal)));
    if (signal?.aborted) throw abortError(signal);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  async #request(peerId: string, request: DirectoryRequest, signal?: AbortSignal): Promise<DirectoryAnswer> {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const bytes = encodeDirectoryMessage(request);
    const options = { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    return parseDirectoryAnswer(await this.#peers.request(peerId, DIRECTORY_PROTOCOL, bytes, options));
  }

  #answer(from: string, request: DirectoryRequest): DirectoryAnswer {
    if ('find' in request) {
      const { records, holders } = this.#known(request.find);
      return { records: sample(records, MAX_NAMED_RECORDS), holders: sample(holders, MAX_NAMED_HOLDERS) };
    }
    if (!this.#peers.peers().includes(from)) throw new ShoalError('peer-gone', `${from} is not connected any more.`);
    const entries = this.#told.get(from) ?? new Map<string, DirectoryEntry>();
    this.#told.set(from, entries);
    for (const entry of request.tell) {
      if (!entries.has(entry.key) && entries.size >= MAX_KEYS_PER_PEER) {
        throw new ShoalError('limit-exceeded', `${from} has spoken of ${MAX_KEYS_PER_PEER} keys.`);
      }
      entries.set(entry.key, entry);
    }
    return { records: [], holders: [] };
  }

  /** What this tab has, and has been told. */
  #known(key: string): DirectoryAnswer {
    const said = [[this.#peers.peerId, this.#own] as const, ...this.#told].flatMap(([peerId, entries]) => {
      const entry = entries.get(key);
      return entry ? [{ peerId, entry }] : [];
    });
    const records = new Set(said.flatMap(({ entry: { record } }) => record ?? []));
    const holders = said.filter(({ entry }) => entry.holds).map(({ peerId }) => peerId);
    return { records: [...records], holders };
  }
}

/** So many of the items; of more others each time, so that whoever was first hides nobody for good. */
function sample<T>(items: readonly T[], count: number): T[] {
  const first = items.length > count ? Math.floor(Math.random() * items.length) : 0;
  return [...items.slice(first), ...items.slice(0, first)].slice(0, count);
}
