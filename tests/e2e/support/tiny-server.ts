import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTinyModel, type TinyModelOptions } from '../../fixtures/tiny-model.ts';
import { type ServerProcess, startServer } from './server.ts';

/** A server of a tiny model in a folder of its own. */
export interface TinyServer extends ServerProcess {
  /** Holds the model file and `shards/tiny`. */
  readonly dataDir: string;
  readonly modelFile: string;
}

/** Starts `shoal serve` for a tiny model with random weights: everything is real but the answers' sense. */
export async function startTinyServer(
  options: readonly string[] = [],
  model: TinyModelOptions = { type: 'Q4_1' },
): Promise<TinyServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const modelFile = join(dataDir, 'tiny.gguf');
  writeFileSync(modelFile, makeTinyModel(model));
  const server = await startServer(['--model', modelFile, '--data', dataDir, ...options]);
  const stop = async () => {
    const status = await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    return status;
  };
  return { ...server, dataDir, modelFile, stop };
}
