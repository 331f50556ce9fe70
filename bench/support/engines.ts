import type { Token } from 'node-llama-cpp';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../../src/model/hyperparameters.ts';
import { openFileSource, splitModel } from '../../tests/support/shard-readers.ts';

/** Something that reads prompts and goes on with them, in this process. */
export interface Engine {
  readonly name: string;
  /** Forgets all, then reads these tokens. */
  prefill(ids: readonly number[]): Promise<void>;
  /** Makes `count` tokens, greedy, after what was read. */
  decode(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A runner with every layer of the model in `file`, without a swarm. */
export async function openShoal(
  name: string,
  file: string,
  createRunner: (hyperparameters: Hyperparameters) => Promise<LayerRunner>,
): Promise<Engine> {
  const source = await openFileSource(file);
  const { hyperparameters, readers } = await splitModel(source, 1);
  const runner = await createRunner(hyperparameters);
  for (const reader of readers) await runner.loadShard(reader);
  await source.close();
  const layers = { start: 0, end: hyperparameters.layerCount };
  await runner.openSession({ session: 'bench', layers, maxTokens: Math.min(1024, hyperparameters.contextLength) });
  let length = 0;
  let next = 0;
  const execute = async (ids: readonly number[], last: boolean) => {
    const { rows } = await runner.execute({
      session: 'bench',
      layers,
      position: length,
      input: { dtype: 'u32', ids: Uint32Array.from(ids) },
      candidates: { rows: last ? 'last' : 'none', count: 1, wantedIds: new Uint32Array() },
    });
    length += ids.length;
    next = rows?.[0]?.ids[0] ?? next;
  };
  return {
    name,
    async prefill(ids) {
      await runner.truncateSession('bench', 0);
      length = 0;
      const { maxTaskTokens } = runner.info;
      for (let at = 0; at < ids.length; at += maxTaskTokens)
        await execute(ids.slice(at, at + maxTaskTokens), at + maxTaskTokens >= ids.length);
    },
    async decode(count) {
      for (let index = 0; index < count; index++) await execute([next], true);
    },
    close: () => runner.close(),
  };
}

/** Native llama.cpp on the processor. */
export async function openLlamaCpp(file: string, threads: number): Promise<Engine> {
  const { getLlama } = await import('node-llama-cpp');
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, progressLogs: false });
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: 1024,
    batchSize: 512,
    threads: { ideal: threads, min: threads },
  });
  const sequence = context.getSequence();
  let last: Token = 0 as Token;
  return {
    name: `llama.cpp, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    async prefill(ids) {
      await sequence.clearHistory();
      last = ids.at(-1) as Token;
      await sequence.evaluateWithoutGeneratingNewTokens(ids as Token[]);
    },
    async decode(count) {
      let made = 0;
      for await (const token of sequence.evaluate([last], { temperature: 0, yieldEogToken: true })) {
        last = token;
        if (++made >= count) break;
      }
    },
    close: () => llama.dispose(),
  };
}
