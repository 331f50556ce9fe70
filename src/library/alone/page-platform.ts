import { createWorkerRunner } from '../../../workers/runner-client.ts';
import { openWorkerText } from '../../../workers/tokenizer-client.ts';
import { chooseRunner } from '../../app/choose-runner.ts';
import { detectEnvironment } from '../../app/environment.ts';
import { log } from '../../core/log.ts';
import type { RunnerWishes } from '../runner-wishes.ts';
import type { AlonePlatform } from './run-alone.ts';

/** The GPU or the processor, the tokenizer and the grammars, in a worker each. */
export function pagePlatform({ runner = 'auto', threads = 'auto' }: RunnerWishes): AlonePlatform {
  return {
    async createRunner(hyperparameters) {
      const { webgpu } = await detectEnvironment();
      const choice = chooseRunner({ runner, threads }, webgpu);
      // The worker asks this thread for the file's bytes: it cannot see a store that nothing was put into.
      const created = await createWorkerRunner(choice, hyperparameters, 0, true);
      log.info('ENGINE', `Layers run on ${created.info.adapter}: ${created.info.reason ?? choice.reason}.`);
      return created;
    },
    openText({ manifest, reader }, closed) {
      const { fileName, sizeBytes, headerBytes } = reader.shard;
      const readHeader = async () => ({
        bytes: await reader.read(0, headerBytes),
        modelName: manifest.name,
        fileName,
        sizeBytes,
      });
      return openWorkerText(readHeader, closed);
    },
    async openGrammars({ tokens }, closed) {
      const { workerGrammars } = await import('../../../workers/grammar-client.ts');
      return workerGrammars(async () => tokens.data, closed);
    },
  };
}
