import type { LayerRunner, StageOutput } from '../../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../../src/model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../../src/protocol/frames.ts';
import type { SplitModel } from '../support/shard-readers.ts';

export const LAST: CandidateRequest = { rows: 'last', count: 5, wantedIds: new Uint32Array() };

/** Makes a runner of the kind under test, with the given shards of a model; all of them unless said otherwise. */
export type OpenRunner = (model: SplitModel, shards?: readonly number[], maxKvBytes?: number) => Promise<LayerRunner>;

/** The shards of a model in a fresh runner. @param create - `maxKvBytes` is absent for the default */
export function opener(
  create: (options: {
    readonly hyperparameters: Hyperparameters;
    readonly maxKvBytes?: number;
  }) => Promise<LayerRunner>,
): OpenRunner {
  return async ({ hyperparameters, readers }, shards = readers.map((_, index) => index), maxKvBytes) => {
    const runner = await create({ hyperparameters, ...(maxKvBytes === undefined ? {} : { maxKvBytes }) });
    for (const index of shards) await runner.loadShard(readers[index]!);
    return runner;
  };
}

/** Stages one after the other, each with its layers, as a route would run them. */
export class TestRoute {
  readonly #runners: readonly LayerRunner[];
  readonly #bounds: readonly number[];
  readonly #session: string;
  #length = 0;

  /** @param bounds - where layers change hands: runner i takes `[bounds[i], bounds[i + 1])` */
  static async open(runners: readonly LayerRunner[], bounds: readonly number[], session = 'a'): Promise<TestRoute> {
    const route = new TestRoute(runners, bounds, session);
    const maxTokens = runners[0]!.hyperparameters.contextLength;
    await route.#each((runner, layers, id) => runner.openSession({ session: id, layers, maxTokens }));
    return route;
  }

  private constructor(runners: readonly LayerRunner[], bounds: readonly number[], session: string) {
    this.#runners = runners;
    this.#bounds = bounds;
    this.#session = session;
  }

  /** Feeds ids at the session's end, in tasks of at most `chunk`, and returns the last task's rows. */
  async feed(ids: readonly number[], request: CandidateRequest = LAST, chunk = 32): Promise<readonly Candidates[]> {
    let rows: readonly Candidates[] = [];
    for (let start = 0; start < ids.length; start += chunk) {
      rows = await this.#task(Uint32Array.from(ids.slice(start, start + chunk)), request);
    }
    return rows;
  }

  /** As `feed` with every row wanted, of all tasks. */
  async feedAll(ids: readonly number[], request: CandidateRequest, chunk = 32): Promise<Candidates[]> {
    const rows: Candidates[] = [];
    for (let start = 0; start < ids.length; start += chunk) {
      rows.push(...(await this.#task(Uint32Array.from(ids.slice(start, start + chunk)), { ...request, rows: 'all' })));
    }
    return rows;
  }

  /** Generates greedily after `ids` until `count` tokens are there. */
  async greedy(ids: readonly number[], count: number): Promise<number[]> {
    const out: number[] = [];
    let next = ids;
    while (out.length < count) {
      const rows = await this.feed(next);
      out.push(rows[0]!.ids[0]!);
      next = [out.at(-1)!];
    }
    return out;
  }

  async truncate(position: number): Promise<void> {
    await this.#each((runner, _, id) => runner.truncateSession(id, position));
    this.#length = position;
  }

  async close(): Promise<void> {
    await this.#each((runner, _, id) => runner.closeSession(id));
  }

  async #task(ids: Uint32Array, candidates: CandidateRequest): Promise<readonly Candidates[]> {
    let output: StageOutput | undefined;
    await this.#each(async (runner, layers, session) => {
      const last = layers.end === runner.hyperparameters.layerCount;
      output = await runner.execute({
        session,
        layers,
        position: this.#length,
        input: output?.hidden ? { dtype: 'f32', hidden: output.hidden } : { dtype: 'u32', ids },
        ...(last ? { candidates } : {}),
      });
    });
    this.#length += ids.length;
    return output!.rows!;
  }

  /** In order; each stage has a session of its own name, so that a runner may have two. */
  async #each(
    call: (runner: LayerRunner, layers: { start: number; end: number }, session: string) => Promise<unknown>,
  ): Promise<void> {
    for (const [index, runner] of this.#runners.entries()) {
      const layers = { start: this.#bounds[index]!, end: this.#bounds[index + 1]! };
      await call(runner, layers, `${this.#session} ${index}`);
    }
  }
}
