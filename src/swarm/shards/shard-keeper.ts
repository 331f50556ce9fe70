import { type ErrorCode, ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { Lazy } from '../../core/lazy.ts';
import { log } from '../../core/log.ts';
import type { LayerRange } from '../../core/ranges.ts';
import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { Manifest, ManifestShard } from '../../protocol/manifest.ts';
import {
  type FetchWish,
  NO_WISH,
  type ObtainOptions,
  type ShardOrigin,
  type ShardReader,
  type ShardStore,
} from '../../store/shard-store.ts';
import { CERTAIN_BYTES, checkCapacity, checkLent } from './check-capacity.ts';

export type ShardPhase = 'absent' | 'downloading' | 'verifying' | 'loading' | 'ready' | 'error';

export interface ShardStatus {
  readonly phase: ShardPhase;
  /** Bytes on the device while `phase` is `loading`. */
  readonly loadedBytes: number;
  readonly error: string | undefined;
  /** Of `error`. */
  readonly errorCode?: ErrorCode;
}

export interface ShardKeeperOptions {
  readonly manifest: Manifest;
  readonly store: ShardStore;
  readonly originOf: (shard: ManifestShard) => ShardOrigin;
  readonly readerOf: (shard: ManifestShard) => ShardReader;
  /** Makes a runner on a fresh device. @throws ShoalError `no-webgpu` when this browser has none. */
  readonly createRunner: (hyperparameters: Hyperparameters) => Promise<LayerRunner>;
  /** Bytes of shards that the owner lends memory for; as many as fit when absent. */
  readonly lentBytes?: () => number | undefined;
  /** Called with every new runner, and with undefined when its device is lost. */
  readonly onRunner: (runner: LayerRunner | undefined) => void;
}

const ABSENT: ShardStatus = { phase: 'absent', loadedBytes: 0, error: undefined };
/** A device lost again within this time is not worth a third try by itself. */
const DEVICE_LOSS_WINDOW_MS = 60_000;

/** This tab's shards: fetched and verified into the store, loaded on the device, and loaded again when it is lost. */
export class ShardKeeper {
  readonly #options: ShardKeeperOptions;
  readonly #status = new Map<number, ShardStatus>();
  readonly #wishes = new Map<number, FetchWish>();
  readonly #serving = new Map<number, { readonly done: Promise<void>; readonly abort: AbortController }>();
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #stopListening: readonly Unsubscribe[];
  readonly #runner = new Lazy(() => this.#openRunner());
  #lostAtMs = Number.NEGATIVE_INFINITY;
  /** Set once the tab has said in the swarm that it is here. */
  joined = false;

  constructor(options: ShardKeeperOptions) {
    this.#options = options;
    this.#stopListening = [
      options.store.onTransfer(({ infoHash, phase }) => {
        const shard = options.manifest.shards.find((other) => other.infoHash === infoHash);
        const current = shard && this.status(shard.index).phase;
        if (shard && phase === 'verifying' && current === 'downloading') this.#set(shard.index, { ...ABSENT, phase });
      }),
      options.store.onLost(({ index }) => void this.#restore(index)),
    ];
  }

  status(index: number): ShardStatus {
    return this.#status.get(index) ?? ABSENT;
  }

  /** Shards that this tab runs. */
  ready(): number[] {
    return this.#withPhase((phase) => phase === 'ready');
  }

  /** The layers of the shards that this tab runs, neighbouring ones merged. */
  layers(): LayerRange[] {
    const merged: LayerRange[] = [];
    for (const index of this.ready()) {
      const { start, end } = this.#shard(index).layers;
      const last = merged.at(-1);
      if (last?.end === start) merged[merged.length - 1] = { start: last.start, end };
      else merged.push({ start, end });
    }
    return merged;
  }

  /** Shards on their way to the device; one whose download is paused is not. */
  pending(): number[] {
    return this.taken().filter((index) => {
      const { phase } = this.status(index);
      return phase !== 'ready' && !(phase === 'downloading' && this.wish(index).paused);
    });
  }

  /** Shards that this tab runs, or has set out to. */
  taken(): number[] {
    return [...this.#serving.keys()].sort((a, b) => a - b);
  }

  /** What the owner wants of a shard's download. */
  wish(index: number): FetchWish {
    return this.#wishes.get(index) ?? NO_WISH;
  }

  /** Pauses a shard's download, goes on with it, or puts it before others. */
  want(index: number, wish: FetchWish): void {
    this.#wishes.set(index, wish);
    this.#options.store.wish(this.#shard(index), wish);
    this.#events.emit('change', undefined);
  }

  /** @throws ShoalError `consent-required` where the owner has paused the download of what is not there yet */
  refusePaused(index: number): void {
    if (!this.wish(index).paused || this.status(index).phase === 'ready') return;
    throw new ShoalError('consent-required', `This node's owner has paused the download of shard ${index}.`);
  }

  onChange(listener: () => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  /**
   * Fetches, verifies and loads a shard; a second call waits for the first.
   * @throws ShoalError as the store and the runner do
   */
  serve(index: number): Promise<void> {
    const running = this.#serving.get(index);
    if (running) return running.done;
    const shard = this.#shard(index);
    const abort = new AbortController();
    this.#set(index, { ...ABSENT, phase: 'downloading' });
    const done = this.#serve(shard, abort.signal).catch((thrown: unknown) => {
      this.#serving.delete(index);
      const error = ShoalError.from(thrown);
      this.#set(index, error.code === 'aborted' ? ABSENT : failed(error));
      throw error;
    });
    this.#serving.set(index, { done, abort });
    return done;
  }

  /** Fetches and verifies a shard into the store without running it: a seed. Its phase here stays `absent`. */
  async keep(index: number, options: Pick<ObtainOptions, 'signal' | 'pace'>): Promise<void> {
    await this.#options.store.obtain(this.#options.originOf(this.#shard(index)), options);
  }

  /** Frees the shard on the device; its bytes stay in the store and are seeded on. */
  async release(index: number): Promise<void> {
    const serving = this.#serving.get(index);
    if (!serving) return;
    this.#serving.delete(index);
    serving.abort.abort();
    await serving.done.catch(() => undefined);
    const runner = await this.#runner.begun?.catch(() => undefined);
    if (runner?.loadedShards().includes(index)) await runner.unloadShard(index);
    this.#set(index, ABSENT);
  }

  /** The runner, once a shard has asked for one. */
  async runner(): Promise<LayerRunner | undefined> {
    return this.#runner.begun?.catch(() => undefined);
  }

  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
    await Promise.allSettled([...this.#serving.keys()].map((index) => this.release(index)));
    const runner = await this.runner();
    this.#runner.forget();
    await runner?.close();
  }

  async #serve(shard: ManifestShard, signal: AbortSignal): Promise<void> {
    const { store, originOf } = this.#options;
    // It starts while the bytes are still on their way. Whether it can is told when the shard is there.
    const runner = this.#runner.get();
    runner.catch(() => undefined);
    await this.#checkCapacity(shard, runner);
    const cached = await store.isComplete(shard);
    await store.obtain(originOf(shard), { signal, checkedOnRead: true });
    await this.#load(shard, signal).catch(async (thrown: unknown) => {
      const { code, message } = ShoalError.from(thrown);
      // It went wrong in the storage, or another tab has deleted it meanwhile.
      if (code !== 'hash-mismatch' && code !== 'shard-missing') throw thrown;
      log.warn('SHARD', message);
      this.#set(shard.index, { ...ABSENT, phase: 'downloading' });
      await store.obtain(originOf(shard), { signal });
      await this.#load(shard, signal);
    });
    if (cached) log.info('LOAD_SHARD', `✓ Loaded shard ${shard.index} from local directory`);
    log.info(
      'SHARD',
      cached && !this.joined
        ? `✓✓✓ SHARD ${shard.index} LOADED BEFORE JOINING NETWORK ✓✓✓`
        : `✓✓✓ SHARD ${shard.index} LOADED ✓✓✓`,
    );
  }

  /** Fetches the stored copy of a shard again that this tab serves: others get it from here, and so does the next start. */
  async #restore(index: number): Promise<void> {
    if (!this.#serving.has(index)) {
      log.warn('SHARD', `Shard ${index} is no longer stored in this browser; this tab does not seed it any more.`);
      return;
    }
    log.warn('SHARD', `Shard ${index} is no longer stored in this browser. This tab serves it, and fetches it again.`);
    await this.keep(index, {}).catch((error: unknown) =>
      log.warn('SHARD', `Shard ${index} cannot be stored again: ${ShoalError.from(error).message}`),
    );
  }

  /** Of large shards only: others need not wait for the device. */
  async #checkCapacity(shard: ManifestShard, opening: Promise<LayerRunner>): Promise<void> {
    const others = [...this.#serving.keys()]
      .filter((index) => index !== shard.index)
      .map((index) => this.#shard(index));
    const total = [shard, ...others].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    checkLent(total, this.#options.lentBytes?.());
    if (total <= CERTAIN_BYTES) return;
    const runner = await opening.catch(() => undefined);
    if (runner) checkCapacity(this.#options.manifest, shard, others, runner.info.maxWeightBytes);
  }

  async #load(shard: ManifestShard, signal?: AbortSignal): Promise<void> {
    this.#set(shard.index, { ...ABSENT, phase: 'loading' });
    const runner = await this.#runner.get();
    await runner.loadShard(this.#options.readerOf(shard), {
      ...(signal ? { signal } : {}),
      onProgress: (loadedBytes) => this.#set(shard.index, { phase: 'loading', loadedBytes, error: undefined }),
    });
    this.#set(shard.index, { ...ABSENT, phase: 'ready' });
  }

  async #openRunner(): Promise<LayerRunner> {
    const runner = await this.#options.createRunner(this.#options.manifest.hyperparameters);
    this.#options.onRunner(runner);
    void runner.lost.then((reason) => this.#recover(runner, reason));
    return runner;
  }

  /** Loads every shard again on a new device, once. */
  async #recover(lost: LayerRunner, reason: string): Promise<void> {
    if ((await this.runner()) !== lost) return;
    const shards = this.#withPhase((phase) => phase === 'ready' || phase === 'loading').map((index) =>
      this.#shard(index),
    );
    const again = performance.now() - this.#lostAtMs < DEVICE_LOSS_WINDOW_MS;
    this.#lostAtMs = performance.now();
    this.#runner.forget();
    this.#options.onRunner(undefined);
    // None of them serves until it is loaded again.
    for (const { index } of shards) this.#set(index, { ...ABSENT, phase: 'loading' });
    if (shards.length === 0) return;
    log.warn(
      'GPU',
      `The GPU device was lost (${reason}). ${again ? 'It was lost a moment ago too: join again to retry.' : 'Loading the shards again.'}`,
    );
    for (const shard of shards) {
      try {
        if (again)
          throw new ShoalError(
            'gpu-lost',
            'The GPU device was lost twice within a minute. Close other heavy tabs and join again.',
          );
        await this.#load(shard);
        log.info('SHARD', `✓✓✓ SHARD ${shard.index} LOADED ✓✓✓`);
      } catch (error) {
        this.#serving.delete(shard.index);
        this.#set(shard.index, failed(ShoalError.from(error)));
      }
    }
  }

  #withPhase(wanted: (phase: ShardPhase) => boolean): number[] {
    return [...this.#status]
      .filter(([, { phase }]) => wanted(phase))
      .map(([index]) => index)
      .sort((a, b) => a - b);
  }

  #shard(index: number): ManifestShard {
    const shard = this.#options.manifest.shards[index];
    if (!shard)
      throw new ShoalError(
        'bad-request',
        `There is no shard ${index}: the model has shards 0 to ${this.#options.manifest.shards.length - 1}.`,
      );
    return shard;
  }

  #set(index: number, status: ShardStatus): void {
    this.#status.set(index, status);
    this.#events.emit('change', undefined);
  }
}

function failed({ message, code }: ShoalError): ShardStatus {
  return { phase: 'error', loadedBytes: 0, error: message, errorCode: code };
}
