import { ShoalError } from '../../../src/core/errors.ts';
import type { LayerRange } from '../../../src/core/ranges.ts';
import type {
  CheckpointName,
  LayerRunner,
  SessionCheckpoints,
  StageOutput,
  StageTask,
} from '../../../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../../../src/model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../../../src/protocol/frames.ts';
import { PretendRunner, type PretendSession } from '../../../src/simulation/pretend-runner.ts';

export interface ArithmeticRunnerOptions {
  readonly maxTaskTokens?: number;
  readonly maxWeightBytes?: number;
  /** Time that a task takes, as a device of its own would. */
  readonly computeMs?: number;
  /** Time that each further task of a batch takes; as long as the first unless given, as if nothing were shared. */
  readonly furtherMs?: number;
  /** Goes back to multiples of this only, as layers with a state do; 1 unless given. */
  readonly stateStep?: number;
  /** Where sessions are kept; nothing is kept when absent. */
  readonly disk?: ArithmeticDisk | undefined;
}

/** Kept caches, of each layer, by name and layers. */
export type ArithmeticDisk = Map<string, number[][]>;

/**
 * A runner for tests of the swarm: exact integer arithmetic in place of a network, in which every layer depends on its
 * number, the position, and everything that the session has seen at that layer. A lost, doubled, reordered or stale
 * task changes the tokens.
 */
export class ArithmeticRunner extends PretendRunner<ArithmeticSession> implements LayerRunner {
  override readonly checkpoints: SessionCheckpoints | undefined;

  constructor(hyperparameters: Hyperparameters, options: ArithmeticRunnerOptions = {}) {
    const { computeMs: firstMs = 0, furtherMs = firstMs } = options;
    super(hyperparameters, {
      openSession: (layers) => new ArithmeticSession(layers, hyperparameters.vocabularySize),
      computeMs: (tasks) => firstMs + (tasks.length - 1) * furtherMs,
      info: {
        adapter: 'integer arithmetic',
        maxWeightBytes: options.maxWeightBytes ?? Number.POSITIVE_INFINITY,
        maxTaskTokens: options.maxTaskTokens ?? 16,
      },
      stateStep: options.stateStep,
    });
    this.checkpoints = options.disk && this.#checkpointsOn(options.disk);
  }

  get sessionCount(): number {
    return this.sessionIds.length;
  }

  loseDevice(): void {
    this.loseSessions('test');
  }

  /** Half of a checkpoint is a part, so that something can come between. */
  #checkpointsOn(disk: ArithmeticDisk): SessionCheckpoints {
    const begun = new Map<string, { readonly key: string; readonly length: number; parts: number }>();
    const keyOf = ({ name, layers }: CheckpointName) => `${name} ${layers.start}-${layers.end}`;
    return {
      begin: async (session, name, { length }) => {
        begun.set(session, { key: keyOf(name), length, parts: 0 });
        return 8 * length;
      },
      writeNext: async (session) => {
        const draft = begun.get(session)!;
        if (++draft.parts < 2) return false;
        const { caches, length } = this.session(session);
        if (length < draft.length) throw new ShoalError('bad-request', 'So much is not there.');
        disk.set(
          draft.key,
          caches.map((cache) => cache.slice(0, draft.length)),
        );
        return true;
      },
      restore: async (session, name) => {
        const kept = disk.get(keyOf(name));
        for (const [layer, cache] of this.session(session).caches.entries()) cache.push(...(kept?.[layer] ?? []));
        return kept?.[0]?.length ?? 0;
      },
      delete: async (name) => void disk.delete(keyOf(name)),
    };
  }
}

class ArithmeticSession implements PretendSession {
  /** Per layer: the values seen, one a position. */
  readonly caches: number[][];
  readonly #layers: LayerRange;
  readonly #vocabularySize: number;

  constructor(layers: LayerRange, vocabularySize: number) {
    this.#layers = layers;
    this.#vocabularySize = vocabularySize;
    this.caches = Array.from({ length: layers.end - layers.start }, () => []);
  }

  get length(): number {
    return this.caches[0]!.length;
  }

  truncate(length: number): void {
    for (const cache of this.caches) cache.length = length;
  }

  run({ input, candidates }: StageTask): Omit<StageOutput, 'computeMs'> {
    let rows = input.dtype === 'u32' ? [...input.ids] : [...input.hidden];
    for (const [offset, cache] of this.caches.entries())
      rows = rows.map((value) => step(value, this.#layers.start + offset, cache));
    if (!candidates) return { hidden: Float32Array.from(rows) };
    const wanted = candidates.rows === 'none' ? [] : candidates.rows === 'last' ? rows.slice(-1) : rows;
    return { rows: wanted.map((value) => candidatesOf(value, candidates, this.#vocabularySize)) };
  }
}

/** Values stay below 2^20, so that f32 carries them exactly. */
const MODULUS = 1_000_003;

function step(value: number, layer: number, cache: number[]): number {
  cache.push(value);
  const history = cache.reduce((sum, seen, position) => (sum * 31 + seen + position) % MODULUS, layer + 1);
  return (value * 7 + history) % MODULUS;
}

function candidatesOf(value: number, request: CandidateRequest, vocabularySize: number): Candidates {
  const first = value % vocabularySize;
  const ids = Uint32Array.from(
    { length: Math.min(request.count, vocabularySize) },
    (_, rank) => (first + rank * 17) % vocabularySize,
  );
  return {
    ids,
    logits: Float32Array.from(ids, (_, rank) => -rank),
    logSumExp: 0.46,
    wantedLogits: new Float32Array(request.wantedIds.length),
  };
}
