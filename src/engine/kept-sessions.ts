import * as v from 'valibot';
import { layerPageBytes, PAGE_TOKENS, pageBytesIn } from '../blocks/kv-layout.ts';
import { randomId } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { type LayerRange, layersIn } from '../core/ranges.ts';
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

const headSchema = v.object({ length: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), parts: v.array(v.string()) });

/** A session's newest checkpoint, whole or on its way. */
interface Draft {
  readonly seal: CheckpointSeal;
  readonly layers: LayerRange;
  /** Positions. */
  readonly length: number;
  /** Names of those that are written, in order. */
  readonly parts: string[];
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
    { length, unchanged, maxBytes }: CheckpointWanted,
  ): Promise<number> {
    const { layers } = name;
    const seal = await CheckpointSeal.of(name, this.#runner.info);
    const before = this.#drafts.get(session);
    const perPart = PAGE_TOKENS * this.#pagesPerPart(layers);
    const stays = before?.whole && before.seal.id === seal.id ? Math.min(unchanged, before.length, length) : 0;
    const parts = before?.parts.slice(0, Math.floor(stays / perPart)) ?? [];
    const bytes = pagesFor(length) * this.#pageBytes(layers);
    await this.#makeRoom(seal.id, bytes, maxBytes);
    this.#drafts.set(session, { seal, layers, length, parts, bytes, whole: false });
    return bytes - parts.length * this.#pagesPerPart(layers) * this.#pageBytes(layers);
  }

  async writeNext(session: string): Promise<boolean> {
    const draft = this.#drafts.get(session);
    if (!draft || draft.whole) throw new ShoalError('bad-request', `No checkpoint of session ${session} was begun.`);
    const { seal, layers, length, parts } = draft;
    const perPart = this.#pagesPerPart(layers);
    const start = parts.length * perPart;
    const end = Math.min(start + perPart, pagesFor(length));
    try {
      if (start < end) {
        const bytes = await this.#runner.readPages(session, { start, end });
        const part = randomId();
        await this.#store.putPart(seal.id, part, await seal.close(`part ${parts.length}`, bytes));
        parts.push(part);
      }
      if (end < pagesFor(length)) return false;
      const head = await seal.close('head', new TextEncoder().encode(JSON.stringify({ length, parts })));
      const nowMs = Date.now();
      await this.#store.seal(seal.id, { sealed: head, bytes: draft.bytes, savedAtMs: nowMs, usedAtMs: nowMs }, parts);
      draft.whole = true;
      return true;
    } catch (error) {
      this.#drafts.delete(session);
      // Where the storage is full, what is of no use is the first to go.
      if (!(await this.#store.head(seal.id))) await this.#store.delete(seal.id);
      throw error;
    }
  }

  async restore(session: string, name: CheckpointName): Promise<number> {
    const seal = await CheckpointSeal.of(name, this.#runner.info);
    const startedAtMs = performance.now();
    try {
      const head = await this.#store.head(seal.id);
      if (!head) return 0;
      if (Date.now() - head.savedAtMs > KEPT_MS) throw new ShoalError('hash-mismatch', 'The checkpoint is too old.');
      const { length, parts } = parseHead(await seal.open('head', head.sealed));
      const perPart = this.#pagesPerPart(name.layers);
      for (const [index, part] of parts.entries()) {
        if (performance.now() - startedAtMs > MAX_RESTORE_MS) throw new ShoalError('timeout', 'The storage is slow.');
        const bytes = await seal.open(`part ${index}`, await this.#store.part(seal.id, part));
        await this.#runner.writePages(session, index * perPart, bytes);
      }
      await this.#runner.resumeSession(session, length);
      await this.#store.touch(seal.id, Date.now());
      this.#drafts.set(session, { seal, layers: name.layers, length, parts, bytes: head.bytes, whole: true });
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
    return pageBytesIn(layersIn(layers), layerPageBytes(this.#runner.hyperparameters));
  }

  #pagesPerPart(layers: LayerRange): number {
    return Math.max(1, Math.floor(this.#partBytes / Math.max(1, this.#pageBytes(layers))));
  }
}

/** @throws ShoalError `hash-mismatch` */
function parseHead(bytes: Uint8Array): v.InferOutput<typeof headSchema> {
  const { success, output } = v.safeParse(headSchema, JSON.parse(new TextDecoder().decode(bytes)));
  if (success) return output;
  throw new ShoalError('hash-mismatch', "The checkpoint's head is of another build.");
}
