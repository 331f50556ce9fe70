import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { HubModel, type HubModelOptions } from './hub-model.ts';
import { HubRequests } from './hub-request.ts';
import { HubError, type HubTrouble } from './hub-trouble.ts';

/** Consecutive pieces of a shard to fetch from a hub. */
export interface HubRun extends HubModelOptions {
  readonly shard: ManifestShard;
  readonly pieceLength: number;
  /** Number of the first piece. */
  readonly first: number;
  /** How many pieces. */
  readonly count: number;
  /** Of each piece, hexadecimal; undefined where nobody has told them. */
  readonly sha1: readonly string[] | undefined;
}

/** What came of a request to a hub, where nothing did. */
export interface HubRefusal {
  readonly trouble: HubTrouble;
  /** What the hub does, as the rest of a sentence that begins with its name. */
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

/** A hub's models in the thread that fetches: opened once. */
export class HubModels {
  readonly #requests = new HubRequests();
  readonly #opened = new Map<string, Promise<HubModel>>();

  /**
   * The bytes of a run of pieces.
   * @throws ShoalError `aborted`
   */
  async fetch(run: HubRun, signal: AbortSignal): Promise<Uint8Array | HubRefusal> {
    const { shard, pieceLength, first, count } = run;
    const start = first * pieceLength;
    const end = Math.min(shard.sizeBytes, start + count * pieceLength);
    try {
      const model = await abortable(this.#open(run), signal);
      return await model.read(shard.index, start, end, signal);
    } catch (error) {
      if (error instanceof HubError) {
        return { trouble: error.trouble, detail: error.message, retryAfterMs: error.retryAfterMs };
      }
      if (signal.aborted) throw new ShoalError('aborted', 'The download was cancelled.', { cause: error });
      throw error;
    }
  }

  /** Of use to every shard that is fetched meanwhile: it goes on when the one that has asked for it first is given up. */
  #open({ source, layerCount, shards }: HubRun): Promise<HubModel> {
    const options = { source, layerCount, shards };
    const key = JSON.stringify(options);
    const known = this.#opened.get(key);
    if (known) return known;
    const { signal } = new AbortController();
    const opening = HubModel.open(options, (...range) => this.#requests.fetch(...range), signal);
    this.#opened.set(key, opening);
    opening.catch(() => this.#opened.delete(key));
    return opening;
  }
}
