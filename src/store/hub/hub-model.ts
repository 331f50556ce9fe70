import { ShoalError } from '../../core/errors.ts';
import { type Extent, extentsOf, type GgufSource } from '../../gguf/gguf-file.ts';
import { joinGguf } from '../../gguf/join.ts';
import { planShards } from '../../gguf/plan.ts';
import { type ShardFile, splitGguf } from '../../gguf/split.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { ModelSource } from '../../protocol/model-source.ts';
import { readModelFile } from '../publish/model-file.ts';
import type { HubRange } from './hub-request.ts';
import { HubError } from './hub-trouble.ts';

/** Ranges of a file are fetched as one where no more than this lies between them: padding, and a vector or two. */
const MAX_GAP_BYTES = 64 * 1024;
/** What a file's header may have beyond what its shards' have together: alignment, and keys of sets. */
const HEADER_SLACK_BYTES = 64 * 1024;
/** Of a set's files but the first: a tensor table. */
const LATER_HEADER_BYTES = 64 * 1024;
/** A header is read again with four times the bytes where the first guess was too short; once is enough for any. */
const MAX_HEADER_GROWTH = 6;

export type FetchRange = (range: HubRange, signal: AbortSignal) => Promise<Uint8Array>;

/** A manifest's shards, as far as they tell where their bytes are in the whole file. */
export interface HubModelOptions {
  /** Checked (`checkSource`). */
  readonly source: ModelSource;
  readonly layerCount: number;
  readonly shards: readonly Pick<Manifest['shards'][number], 'sizeBytes' | 'headerBytes'>[];
}

/** The shards of a model whose file lies at a hub: their headers are computed, their tensors' bytes are the file's. */
export class HubModel {
  readonly #shards: readonly ShardFile[];
  readonly #fetch: FetchRange;

  private constructor(shards: readonly ShardFile[], fetch: FetchRange) {
    this.#shards = shards;
    this.#fetch = fetch;
  }

  /**
   * Reads the file's header and cuts the shards anew, as whoever published the model has.
   * @throws HubError `other-file` where that does not give the manifest's shards; as `fetch`
   */
  static async open(options: HubModelOptions, fetch: FetchRange, signal: AbortSignal): Promise<HubModel> {
    const { source, layerCount, shards } = options;
    const likely = shards.reduce((sum, { headerBytes }) => sum + headerBytes, HEADER_SLACK_BYTES);
    const files = source.files.map(({ url, sizeBytes }, index) => {
      const headerBytes = index === 0 ? likely : Math.min(likely, LATER_HEADER_BYTES);
      return new HubFile({ url, sizeBytes, headerBytes, fetch, signal });
    });
    try {
      const whole = await wholeOf(files);
      const { tensors, ...file } = await readModelFile(whole, nameOf(files[0]!.url), 'counted');
      const cut = splitGguf({ ...file, tensors }, whole, planShards(tensors, layerCount, shards.length));
      for (const [index, { sizeBytes, headerBytes }] of cut.entries()) {
        const said = shards[index]!;
        if (sizeBytes !== said.sizeBytes || headerBytes !== said.headerBytes) {
          throw new HubError(
            'other-file',
            `has another file: shard ${index} of it has ${sizeBytes} bytes, the manifest says ${said.sizeBytes}`,
          );
        }
      }
      return new HubModel(cut, fetch);
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code === 'aborted') throw error;
      throw new HubError('other-file', `has another file: ${error.message}`, undefined, { cause: error });
    }
  }

  /** Exactly these bytes of a shard, `[start, end)`. @throws as `fetch` */
  async read(shard: number, start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start);
    const extents = extentsOf(this.#shards[shard]!, start, end - start);
    await Promise.all(
      mergedExtents(extents).map(async ({ url, start: from, end: to, extents: wanted }) => {
        const fetched = await this.#fetch({ url, start: from, end: to }, signal);
        for (const { at, offset, length } of wanted)
          bytes.set(fetched.subarray(offset - from, offset - from + length), at);
      }),
    );
    for (const { at, source, offset, length } of extents)
      if (!(source instanceof HubFile)) bytes.set(await source.read(offset, length), at);
    return bytes;
  }
}

interface MergedRange extends HubRange {
  readonly extents: readonly Extent[];
}

/** The ranges of hub files that hold these extents, those that nearly touch as one. */
function mergedExtents(extents: readonly Extent[]): MergedRange[] {
  const merged: MergedRange[] = [];
  const ofHub = extents.filter(({ source }) => source instanceof HubFile).toSorted((a, b) => a.offset - b.offset);
  for (const extent of ofHub) {
    const { url } = extent.source as HubFile;
    const { offset: start, length } = extent;
    const at = merged.findLastIndex((range) => range.url === url && start - range.end <= MAX_GAP_BYTES);
    if (at < 0) merged.push({ url, start, end: start + length, extents: [extent] });
    else {
      const range = merged[at]!;
      merged[at] = { ...range, end: Math.max(range.end, start + length), extents: [...range.extents, extent] };
    }
  }
  return merged;
}

async function wholeOf(files: readonly HubFile[]): Promise<GgufSource> {
  if (files.length === 1) return files[0]!;
  return joinGguf(files.map((file) => ({ name: nameOf(file.url), source: file })));
}

/** For messages. */
function nameOf(url: string): string {
  return url.split('/').at(-1)!;
}

/** A file at a hub, read only for its header: what its tensors' bytes are asked for by is `HubModel.read`. */
class HubFile implements GgufSource {
  readonly url: string;
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly #fetch: FetchRange;
  readonly #signal: AbortSignal;
  #leftBytes: number;

  constructor(options: {
    readonly url: string;
    readonly sizeBytes: number;
    readonly headerBytes: number;
    readonly fetch: FetchRange;
    readonly signal: AbortSignal;
  }) {
    this.url = options.url;
    this.sizeBytes = options.sizeBytes;
    this.headerBytes = options.headerBytes;
    this.#fetch = options.fetch;
    this.#signal = options.signal;
    this.#leftBytes = MAX_HEADER_GROWTH * options.headerBytes;
  }

  /** @throws HubError `too-much` where the header has no end */
  read(offset: number, length: number): Promise<Uint8Array> {
    this.#leftBytes -= length;
    if (this.#leftBytes < 0) throw new HubError('too-much', 'has a file whose header is longer than the manifest says');
    return this.#fetch({ url: this.url, start: offset, end: offset + length }, this.#signal);
  }
}
