import type { LayerRunner, RunnerInfo } from '../../engine/layer-runner.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { makeProbeModel, type ProbeModel, type ProbeSizes, probeRows } from './probe-model.ts';

/** What a device computes with, and how fast, as measured. A task's time is its parts' sum. */
export interface DeviceSpeed {
  readonly info: RunnerInfo;
  /** Of the self-test's rows from the known answer, relative. */
  readonly deviation: number;
  readonly correct: boolean;
  /** Of a task, whatever it computes: the way to the device and back. */
  readonly taskMs: number;
  /** Of a layer beyond reading its weights. */
  readonly layerMs: number;
  /** Weights that a decode reads. */
  readonly weightBytesPerSecond: number;
  /** Multiplications of a prompt's positions with weights. */
  readonly macsPerSecond: number;
}

const SMALL: ProbeSizes = { layers: 8, width: 256, feedForwardWidth: 512, headCount: 4, kvHeadCount: 2 };
/** A layer as of a model of 3B; two of them are larger than most processors' caches. */
const LARGE: ProbeSizes = { layers: 2, width: 2048, feedForwardWidth: 5632, headCount: 32, kvHeadCount: 8 };

/** What a float32 runner makes of the third of three rows in two small layers: its first numbers. */
export const KNOWN_ANSWER: readonly number[] = [
  -5.20941, -5.43469, -7.39904, 2.63702, 6.08287, -3.95065, 3.31178, -5.96728, 1.6271, -3.16715, 5.48902, -7.63833,
  2.46333, -8.29477, -8.0434, -0.248016,
];
const TESTED_ROWS = 3;
/** Runners of all kinds agree within 1e-4; a wrong kernel is off by more than 1. */
const MAX_DEVIATION = 0.01;

/** Of each thing measured: to let clocks rise and threads settle, and to measure. */
const WARM_UP_MS = 120;
const MEASURE_MS = 250;
const PROMPT_TOKENS = 64;
/** A very slow device is not asked for more. */
const SLOW_MS = 2500;

/**
 * Measures a device on layers made for it, in about two seconds, and holds what it computes to a known answer.
 * @param createRunner - opens the device for a model
 * @throws ShoalError as the runner: `no-webgpu`, `gpu-lost`, `out-of-memory`; `aborted`
 */
export async function measureDevice(
  createRunner: (model: Hyperparameters) => Promise<LayerRunner>,
  signal?: AbortSignal,
): Promise<DeviceSpeed> {
  const small = await Probe.open(makeProbeModel(SMALL), createRunner, signal);
  let deviation: number;
  let [oneLayerMs, allLayersMs] = [0, 0];
  try {
    deviation = deviationOf(await small.rows(TESTED_ROWS, 2));
    oneLayerMs = await small.decodeMs(1);
    allLayersMs = await small.decodeMs(SMALL.layers);
  } finally {
    await small.close();
  }
  const large = await Probe.open(makeProbeModel(LARGE), createRunner, signal);
  try {
    const largeMs = await large.decodeMs(LARGE.layers);
    const promptTokens = Math.min(PROMPT_TOKENS, large.info.maxTaskTokens);
    const promptMs = await large.promptMs(promptTokens);
    // Three unknowns, three measurements: of a task, of a layer, of its bytes.
    const smallLayerMs = Math.max(0, (allLayersMs - oneLayerMs) / (SMALL.layers - 1));
    const taskMs = Math.max(0, oneLayerMs - smallLayerMs);
    const largeLayerMs = Math.max((largeMs - taskMs) / LARGE.layers, smallLayerMs + 1e-6);
    const msPerByte = (largeLayerMs - smallLayerMs) / (large.layerBytes - small.layerBytes);
    const promptMacs = promptTokens * LARGE.layers * large.layerMacs;
    return {
      info: large.info,
      deviation,
      correct: deviation <= MAX_DEVIATION,
      taskMs,
      layerMs: Math.max(0, smallLayerMs - msPerByte * small.layerBytes),
      weightBytesPerSecond: 1000 / msPerByte,
      macsPerSecond: (1000 * promptMacs) / Math.max(promptMs - taskMs, 1e-3),
    };
  } finally {
    await large.close();
  }
}

/** Relative L2 of the rows' end from the known answer. */
function deviationOf(rows: Float32Array): number {
  const last = rows.subarray(rows.length - SMALL.width);
  let [off, size] = [0, 0];
  for (const [index, known] of KNOWN_ANSWER.entries()) {
    off += (last[index]! - known) ** 2;
    size += known ** 2;
  }
  return Math.sqrt(off / size);
}

/** A device with layers to measure it by. */
class Probe {
  readonly #runner: LayerRunner;
  readonly #model: ProbeModel;
  readonly #signal: AbortSignal | undefined;
  #sessions = 0;

  static async open(
    model: ProbeModel,
    createRunner: (model: Hyperparameters) => Promise<LayerRunner>,
    signal: AbortSignal | undefined,
  ): Promise<Probe> {
    signal?.throwIfAborted();
    const runner = await createRunner(model.hyperparameters);
    try {
      await runner.loadShard(model.reader, signal ? { signal } : {});
    } catch (error) {
      await runner.close();
      throw error;
    }
    return new Probe(runner, model, signal);
  }

  private constructor(runner: LayerRunner, model: ProbeModel, signal: AbortSignal | undefined) {
    this.#runner = runner;
    this.#model = model;
    this.#signal = signal;
  }

  get info(): RunnerInfo {
    return this.#runner.info;
  }

  get layerBytes(): number {
    return this.#model.layerBytes;
  }

  get layerMacs(): number {
    return this.#model.layerMacs;
  }

  /** What the first layers make of so many rows, `[count, C]`. */
  rows(count: number, layers: number): Promise<Float32Array> {
    return this.#inSession(layers, (execute) => execute(0, count));
  }

  /** Of one position in the first layers, the median. */
  decodeMs(layers: number): Promise<number> {
    return this.#inSession(layers, (execute) => {
      let position = 0;
      return medianMs(async () => {
        this.#signal?.throwIfAborted();
        await execute(position, 1);
        position = (position + 1) % this.#model.hyperparameters.contextLength;
      });
    });
  }

  /** Of a prompt of so many positions in all layers; the better of two, unless one took long. */
  promptMs(tokens: number): Promise<number> {
    return this.#inSession(this.#layerCount, async (execute) => {
      const timed = async () => {
        this.#signal?.throwIfAborted();
        const begin = performance.now();
        await execute(0, tokens);
        return performance.now() - begin;
      };
      const first = await timed();
      return first > SLOW_MS ? first : Math.min(first, await timed());
    });
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  get #layerCount(): number {
    const { start, end } = this.#model.reader.shard.layers;
    return end - start;
  }

  /** @param act - told how to compute so many rows from a position on */
  async #inSession<Result>(
    layerCount: number,
    act: (execute: (position: number, count: number) => Promise<Float32Array>) => Promise<Result>,
  ): Promise<Result> {
    const { start } = this.#model.reader.shard.layers;
    const layers = { start, end: start + layerCount };
    const session = `probe-${this.#sessions++}`;
    await this.#runner.openSession({ session, layers, maxTokens: this.#model.hyperparameters.contextLength });
    let length = 0;
    try {
      return await act(async (position, count) => {
        if (position < length) await this.#runner.truncateSession(session, position);
        const input = { dtype: 'f32', hidden: probeRows(this.#model.hyperparameters, count) } as const;
        const { hidden } = await this.#runner.execute({ session, layers, position, input });
        length = position + count;
        return hidden!;
      });
    } finally {
      await this.#runner.closeSession(session);
    }
  }
}

/** Of an action that is repeated: the median of its times after a while. */
async function medianMs(act: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  const times: number[] = [];
  let now = begin;
  while (times.length < 3 || now - begin < WARM_UP_MS + MEASURE_MS) {
    await act();
    const after = performance.now();
    // The first one may compile; of a slow device it is all there is.
    if (now - begin >= WARM_UP_MS || after - now > WARM_UP_MS) times.push(after - now);
    now = after;
    if (now - begin > SLOW_MS && times.length > 0) break;
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
