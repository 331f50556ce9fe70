import { type EngineOptions, ShoalEngine } from '../../api/index.ts';
import { ShoalError } from '../../core/errors.ts';
import { Lazy } from '../../core/lazy.ts';
import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { Grammars } from '../../grammar/answer-grammar.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { MemoryNetwork } from '../../net/memory/memory-transport.ts';
import { type NodeSettings, SwarmNode } from '../../swarm/node.ts';
import { ShardKeeper } from '../../swarm/shards/shard-keeper.ts';
import type { ModelText } from '../../tokenizer/index.ts';
import type { HeldModel } from './held-model.ts';
import { heldStore } from './held-store.ts';

/** What differs between a page and Node. */
export interface AlonePlatform {
  createRunner(hyperparameters: Hyperparameters): Promise<LayerRunner>;
  /** @param closed - fires when the engine is unloaded */
  openText(model: HeldModel, closed: AbortSignal): Promise<ModelText>;
  openGrammars(text: ModelText, closed: AbortSignal): Promise<Grammars>;
}

/** How a model is loaded. */
export interface AloneLoad {
  readonly signal?: AbortSignal | undefined;
  /** @param loadedBytes - on the device, of the file's `totalBytes` */
  readonly onLoad?: (loadedBytes: number, totalBytes: number) => void;
}

/** An engine over a model that this tab runs by itself. Unloading gives its memory, its threads and its device back. */
export class AloneEngine extends ShoalEngine {
  readonly #close: () => Promise<void>;

  constructor(options: EngineOptions, close: () => Promise<void>) {
    super(options);
    this.#close = close;
  }

  /** Ends what runs, and gives everything back: create another engine to go on. */
  override async unload(): Promise<void> {
    await super.unload();
    await this.#close();
  }
}

/** There is nobody to ask, to tell or to check. */
const SETTINGS: NodeSettings = {
  spreadModel: false,
  acceptRemoteLoads: false,
  acceptRemoteUnloads: false,
  trustedPeers: [],
  registerInDht: false,
  checkOthers: false,
  wire: 'f32',
};

/**
 * Runs a model in a swarm of one, so that its answers are made as in any other.
 * @throws ShoalError as the runner and the tokenizer do; `aborted`
 */
export async function runAlone(model: HeldModel, platform: AlonePlatform, load: AloneLoad): Promise<AloneEngine> {
  const { manifest, reader } = model;
  const { signal, onLoad } = load;
  const closed = new AbortController();
  const transport = new MemoryNetwork().createTransport();
  let node: SwarmNode | undefined;
  const store = heldStore(model);
  const keeper = new ShardKeeper({
    manifest,
    store,
    originOf: (shard) => ({ shard, fetchTorrent: async () => undefined }),
    readerOf: () => reader,
    createRunner: platform.createRunner,
    onRunner: (runner) => node?.useRunner(runner),
  });
  node = new SwarmNode({
    transport,
    store,
    manifest,
    manifestId: manifest.shards[0]!.sha256,
    keeper,
    settings: () => SETTINGS,
  });
  const { coordinator } = node;
  const close = once(async () => {
    closed.abort();
    await node.close();
    await keeper.close();
    await transport.close();
  });
  const stopTelling = keeper.onChange(() => {
    const { phase, loadedBytes } = keeper.status(0);
    if (phase === 'loading') onLoad?.(loadedBytes, manifest.shards[0]!.sizeBytes);
  });
  const release = () => void keeper.release(0);
  signal?.addEventListener('abort', release);
  try {
    const opening = platform.openText(model, closed.signal);
    // What goes wrong first is told; the other then ends with the engine.
    const [text] = await Promise.all([opening, loaded(keeper, signal)]);
    node.join();
    const grammars = new Lazy(() => platform.openGrammars(text, closed.signal));
    return new AloneEngine(
      {
        generator: coordinator,
        text: async () => open(closed.signal, text),
        grammars: {
          follow: async (grammar) => (await grammars.get()).follow(grammar),
        },
        modelId: () => manifest.name,
        contextLength: () => manifest.hyperparameters.contextLength,
        forget: (conversation) => coordinator.forget(conversation),
      },
      close,
    );
  } catch (error) {
    await close();
    throw signal?.aborted ? new ShoalError('aborted', 'Loading the model was cancelled.') : error;
  } finally {
    stopTelling();
    signal?.removeEventListener('abort', release);
  }
}

async function loaded(keeper: ShardKeeper, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw new ShoalError('aborted', 'Loading the model was cancelled.');
  await keeper.serve(0);
}

function open(closed: AbortSignal, text: ModelText): ModelText {
  if (closed.aborted) throw new ShoalError('bad-request', 'This engine was unloaded. Create another.');
  return text;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
