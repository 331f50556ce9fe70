import type { LayerRange } from '../../src/core/ranges.ts';
import type { LayerRunner, StageOutput, StageTask } from '../../src/engine/layer-runner.ts';
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

  /** As `greedy` of several routes over the same stages, which take each token of all in one batch. */
  static async greedyTogether(
    routes: readonly TestRoute[],
    prompts: readonly { readonly ids: readonly number[]; readonly count: number }[],
  ): Promise<number[][]> {
    const texts: number[][] = [];
    for (const [index, { ids }] of prompts.entries()) texts.push(await routes[index]!.greedy(ids, 1));
    for (;;) {
      const unfinished = [...texts.keys()].filter((index) => texts[index]!.length < prompts[index]!.count);
      if (unfinished.length === 0) return texts;
      const ids = unfinished.map((index) => Uint32Array.of(texts[index]!.at(-1)!));
      const rows = await TestRoute.#batch(
        unfinished.map((index) => routes[index]!),
        ids,
      );
      for (const [at, index] of unfinished.entries()) texts[index]!.push(rows[at]![0]!.ids[0]!);
    }
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
      output = await runner.execute(this.#stageTask(runner, layers, session, ids, candidates, output));
    });
    this.#length += ids.length;
    return output!.rows!;
  }

  /** A task of each route, all of them in one call of each stage. */
  static async #batch(routes: readonly TestRoute[], ids: readonly Uint32Array[]): Promise<(readonly Candidates[])[]> {
    let outputs: StageOutput[] = [];
    const [first] = routes;
    for (const [stage, runner] of first!.#runners.entries()) {
      const layers = first!.#layersOf(stage);
      const tasks = routes.map((route, index) =>
        route.#stageTask(runner, layers, route.#sessionOf(stage), ids[index]!, LAST, outputs[index]),
      );
      const results = await runner.executeBatch(tasks);
      outputs = results.map((result) => {
        if ('error' in result) throw new Error(result.error.message);
        return result;
      });
    }
    for (const [index, route] of routes.entries()) route.#length += ids[index]!.length;
    return outputs.map(({ rows }) => rows!);
  }

  #stageTask(
    { hyperparameters }: LayerRunner,
    layers: LayerRange,
    session: string,
    ids: Uint32Array,
    candidates: CandidateRequest,
    before: StageOutput | undefined,
  ): StageTask {
    return {
      session,
      layers,
      position: this.#length,
      input: before?.hidden ? { dtype: 'f32', hidden: before.hidden } : { dtype: 'u32', ids },
      ...(layers.end === hyperparameters.layerCount ? { candidates } : {}),
    };
  }

  #layersOf(stage: number): LayerRange {
    return { start: this.#bounds[stage]!, end: this.#bounds[stage + 1]! };
  }

  #sessionOf(stage: number): string {
    return `${this.#session} ${stage}`;
  }

  /** In order; each stage has a session of its own name, so that a runner may have two. */
  async #each(call: (runner: LayerRunner, layers: LayerRange, session: string) => Promise<unknown>): Promise<void> {
    for (const [stage, runner] of this.#runners.entries())
      await call(runner, this.#layersOf(stage), this.#sessionOf(stage));
  }
}
