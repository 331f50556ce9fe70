import type { ServedModel } from '../signaling-server/served-model.ts';
import { ShoalError } from '../src/core/errors.ts';
import { type PreparedModel, type PrepareOptions, prepareModel } from './model-source.ts';
import { describeShards, forgetSource, storedShards } from './shard-folder-stamp.ts';

export interface ServeOptions extends Omit<PrepareOptions, 'model'> {
  /** What was named, the first being what the page opens with; the default model where nothing was. */
  readonly models: readonly string[];
  /** Serves nothing else. */
  readonly only: boolean;
}

type Models = readonly [PreparedModel, ...PreparedModel[]];

/** The models that one server serves, the page's own first. */
export class ServedModels {
  readonly models: Models;
  /** What each is made of, by the folder of its shards. */
  readonly #origins: ReadonlyMap<string, PrepareOptions>;

  private constructor(models: Models, origins: ReadonlyMap<string, PrepareOptions>) {
    this.models = models;
    this.#origins = origins;
  }

  /**
   * Gets and splits what was named; then takes what else the data folder has, split by an earlier start and unchanged.
   * @throws ShoalError as `prepareModel`, for what was named: what else cannot be served is left out
   */
  static async prepare({ models: named, only, ...options }: ServeOptions): Promise<ServedModels> {
    const origins = new Map<string, PrepareOptions>();
    const prepare = async (origin: PrepareOptions): Promise<PreparedModel> => {
      const model = await prepareModel(origin);
      origins.set(model.directory, { ...origin, source: { known: model.manifest.source } });
      return model;
    };
    const first = await prepare(named[0] === undefined ? options : { ...options, model: named[0] });
    const models: [PreparedModel, ...PreparedModel[]] = [first];
    const add = (model: PreparedModel) => {
      // The same model twice, or another file of the same name, which has replaced the first's shards.
      const at = models.findIndex(({ directory }) => directory === model.directory);
      if (at < 0) models.push(model);
      else models[at] = model;
    };
    for (const model of named.slice(1)) add(await prepare({ ...options, model }));
    if (only) return new ServedModels(models, origins);
    for (const { directory, modelFile, chatTemplate, ...model } of await storedShards(options.dataDir)) {
      if (origins.has(directory)) continue;
      const shards = model.manifest.shards.length;
      try {
        await options.claim?.(directory, describeShards({ modelFile, chatTemplate }, shards));
      } catch (error) {
        options.onNotice?.(`${model.manifest.name} is left out: ${ShoalError.from(error).message}`);
        continue;
      }
      const source = { known: model.manifest.source };
      origins.set(directory, { ...options, shards, model: modelFile, chatTemplate, source });
      models.push({ name: model.manifest.name, directory, ...model });
    }
    return new ServedModels(models, origins);
  }

  /** Makes the shards of one anew. */
  async remake({ directory }: Pick<ServedModel, 'directory'>): Promise<void> {
    const { claim: _claimed, ...origin } = this.#origins.get(directory)!;
    await forgetSource(directory);
    await prepareModel(origin);
  }
}
