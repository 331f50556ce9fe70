import * as v from 'valibot';
import { PAGE_TOKENS, rangePageBytes } from '../blocks/kv-layout.ts';
import { randomId } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { CheckpointStore } from '../store/checkpoint-store.ts';
import { CheckpointSeal } from './checkpoint-seal.ts';
import type { CheckpointName, CheckpointWanted, SessionCheckpoints } from './layer-runner.ts';
import { pagesFor } from './session.ts';
import type { SessionPages } from './session-pages.ts';

/** Bytes that are read from the device, encrypted and written at once: some ten milliseconds, and little memory. */
const PART_BYTES = 4 * 1024 * 1024;
/** A conversation that nobody has gone on with for so long is computed anew: few are, and the disk is somebody's. */
const KEPT_MS = 3 * 24 * 60 * 60_000;
/** Parts of a checkpoint that another tab is still writing are younger: each takes seconds at most. */
const TORN_MS = 10 * 60_000;
/** The command that waits for it is given up after 15 s, and a prompt of some minutes is read in as long. */
const MAX_RESTORE_MS = 10_000;

const positionSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const headSchema = v.object({
  length: positionSchema,
  /** Names of the parts with KV pages, in order. */
  parts: v.array(v.string()),
  /** Each in a part of its own, the newest last; none where layers have no state. */
  states: v.array(v.object({ position: positionSchema, endsPrompt: v.boolean(), part: v.string() })),
});
type Head = v.InferOutput<typeof headSchema>;

/** A session's newest checkpoint, whole or on its way: its head is of what is written by now. */
interface Draft {
  readonly seal: CheckpointSeal;
  readonly layers: LayerRange;
  readonly head: Head;
  /** Of all parts, as they lie in the store. */
  bytes: number;
  whole: boolean;
}

/** Checkpoints of one runner's sessions in a store. */
export class KeptSessions implements SessionCheckpoints {
  readonly #runner: SessionPages;
  readonly #store: CheckpointStore;
  readonly #partBytes: number;
  /** By session. */
  readonly #drafts = new Map<string, Draft>();

  /** @param partBytes - of a part, about; for tests */
  constructor(runner: SessionPages, store: CheckpointStore, partBytes: number = PART_BYTES) {
    this.#runner = runner;
    this.#partBytes = partBytes;
    this.#store = store;
  }

  async begin(
    session: string,
    name: CheckpointName,
    { length: wanted, unchanged, maxBytes }: CheckpointWanted,
  ): Promise<number> {
    const { layers } = name;
    const seal = await CheckpointSeal.of(name, this.#runner.info);
    const before = this.#drafts.get(session);
    // States pass: what the session has now is taken at once, and says how far the checkpoint goes.
    const states = await this.#runner.readStates(session, wanted);
    const length = states ? (states.at(-1)?.position ?? 0) : wanted;
    if (length === 0) throw new ShoalError('bad-request', `Session ${session} has no state that could be kept.`);
    const perPart = PAGE_TOKENS * this.#pagesPerPart(layers);
    const stays = before?.whole && before.seal.id === seal.id ? Math.min(unchanged, before.head.length, length) : 0;
    const parts = before?.head.parts.slice(0, Math.floor(stays / perPart)) ?? [];
    const stateBytes = states?.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0;
    const bytes = this.#pagesOf(layers, length) * this.#pageBytes(layers) + stateBytes;
    await this.#makeRoom(seal.id, bytes, maxBytes);
    const draft: Draft = { seal, layers, head: { length, parts, states: [] }, bytes, whole: false };
    this.#drafts.set(session, draft);
    await this.#writing(session, draft, async () => {
      for (const { bytes: state, ...moment } of states ?? []) {
        const part = await this.#putPart(seal, stateName(moment.position), state);
        draft.head.states.push({ ...moment, part });
      }
    });
    return bytes - parts.length * this.#pagesPerPart(layers) * this.#pageBytes(layers);
  }

  async writeNext(session: string): Promise<boolean> {
    const draft = this.#drafts.get(session);
    if (!draft || draft.whole) throw new ShoalError('bad-request', `No checkpoint of session ${session} was begun.`);
    const { seal, layers } = draft;
    const { length, parts, states } = draft.head;
    const perPart = this.#pagesPerPart(layers);
    const start = parts.length * perPart;
    const pages = this.#pagesOf(layers, length);
    const end = Math.min(start + perPart, pages);
    return this.#writing(session, draft, async () => {
      if (start < end) {
        const bytes = await this.#runner.readPages(session, { start, end });
        parts.push(await this.#putPart(seal, pagesName(parts.length), bytes));
      }
      if (end < pages) return false;
      const sealed = await seal.close('head', new TextEncoder().encode(JSON.stringify(draft.head)));
      const nowMs = Date.now();
      const head = { sealed, bytes: draft.bytes, savedAtMs: nowMs, usedAtMs: nowMs };
      await this.#store.seal(seal.id, head, [...parts, ...states.map(({ part }) => part)]);
      draft.whole = true;
      return true;
    });
  }

  async restore(session: string, name: CheckpointName): Promise<number> {
    const seal = await CheckpointSeal.of(name, this.#runner.info);
    const startedAtMs = performance.now();
    try {
      const head = await this.#store.head(seal.id);
      if (!head) return 0;
      if (Date.now() - head.savedAtMs > KEPT_MS) throw new ShoalError('hash-mismatch', 'The checkpoint is too old.');
      const kept = parseHead(await seal.open('head', head.sealed));
      const { length, parts, states } = kept;
      const open = async (where: string, part: string) => {
        if (performance.now() - startedAtMs > MAX_RESTORE_MS) throw new ShoalError('timeout', 'The storage is slow.');
        return seal.open(where, await this.#store.part(seal.id, part));
      };
      const perPart = this.#pagesPerPart(name.layers);
      for (const [index, part] of parts.entries())
        await this.#runner.writePages(session, index * perPart, await open(pagesName(index), part));
      for (const { part, ...moment } of states)
        await this.#runner.writeStates(session, [{ ...moment, bytes: await open(stateName(moment.position), part) }]);
      await this.#runner.resumeSession(session, length);
      await this.#store.touch(seal.id, Date.now());
      this.#drafts.set(session, { seal, layers: name.layers, head: kept, bytes: head.bytes, whole: true });
      return length;
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      if (error.code === 'unknown-session' || error.code === 'gpu-lost') throw error;
      log.info('STAGE', `A session was not restored: ${error.message}`);
      await this.#runner.truncateSession(session, 0);
      if (error.code === 'hash-mismatch') await this.#store.delete(seal.id).catch(() => undefined);
      return 0;
    }
  }

  async delete(name: CheckpointName): Promise<void> {
    await this.#store.delete((await CheckpointSeal.of(name, this.#runner.info)).id);
  }

  /** The session is over; what is kept of it stays. */
  release(session: string): void {
    this.#drafts.delete(session);
  }

  /** @returns the part's name in the store */
  async #putPart(seal: CheckpointSeal, where: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const part = randomId();
    await this.#store.putPart(seal.id, part, await seal.close(where, bytes));
    return part;
  }

  /** What fails ends the draft. */
  async #writing<Result>(session: string, { seal }: Draft, write: () => Promise<Result>): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      this.#drafts.delete(session);
      // Where the storage is full, what is of no use is the first to go.
      if (!(await this.#store.head(seal.id))) await this.#store.delete(seal.id);
      throw error;
    }
  }

  /** Deletes what is old, and what was used longest ago, until there is room for so much. @throws ShoalError `storage-full` */
  async #makeRoom(id: string, bytes: number, maxBytes: number): Promise<void> {
    if (bytes > maxBytes) {
      const [needed, most] = [bytes, maxBytes].map((size) => `${Math.round(size / 2 ** 20)} MiB`);
      throw new ShoalError('storage-full', `The checkpoint takes ${needed}, and there may be ${most} in this browser.`);
    }
    const nowMs = Date.now();
    const others = [...(await this.#store.heads())].filter(([other]) => other !== id);
    let taken = others.reduce((sum, [, head]) => sum + head.bytes, bytes);
    for (const [other, head] of others.toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs)) {
      if (taken <= maxBytes && nowMs - head.savedAtMs <= KEPT_MS) continue;
      await this.#store.delete(other);
      taken -= head.bytes;
    }
    await this.#store.sweep(nowMs - TORN_MS);
  }

  #pageBytes(layers: LayerRange): number {
    return rangePageBytes(this.#runner.hyperparameters, layers);
  }

  /** Pages that hold anything. */
  #pagesOf(layers: LayerRange, length: number): number {
    return this.#pageBytes(layers) > 0 ? pagesFor(length) : 0;
  }

  #pagesPerPart(layers: LayerRange): number {
    return Math.max(1, Math.floor(this.#partBytes / Math.max(1, this.#pageBytes(layers))));
  }
}

/** What a part is sealed as. */
const pagesName = (index: number) => `part ${index}`;
const stateName = (position: number) => `state ${position}`;

/** @throws ShoalError `hash-mismatch` */
function parseHead(bytes: Uint8Array): Head {
  const { success, output } = v.safeParse(headSchema, JSON.parse(new TextDecoder().decode(bytes)));
  if (success) return output;
  throw new ShoalError('hash-mismatch', "The checkpoint's head is of another build.");
}
