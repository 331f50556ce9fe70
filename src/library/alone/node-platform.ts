import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { autoThreads } from '../../../workers/thread-count.ts';
import { nodeHost } from '../../cpu/node-host.ts';
import { createCpuRunner } from '../../engine/cpu/cpu-runner.ts';
import { type ModelPart, partSetOf } from '../../gguf/join.ts';
import { parseGguf } from '../../gguf/read.ts';
import { localGrammars } from '../../grammar/local-grammars.ts';
import { LocalModelText, Tokenizer } from '../../tokenizer/index.ts';
import type { AlonePlatform } from './run-alone.ts';

/** The processor, and everything else in the program's own thread. @param threads - as many as pay unless given */
export function nodePlatform(threads = autoThreads(availableParallelism())): AlonePlatform {
  return {
    createRunner: (hyperparameters) => createCpuRunner({ host: nodeHost, hyperparameters, threads }),
    async openText({ manifest, reader }) {
      const { fileName, sizeBytes, headerBytes } = reader.shard;
      const { metadata } = parseGguf(await reader.read(0, headerBytes), fileName, sizeBytes);
      return new LocalModelText(Tokenizer.fromMetadata(metadata, manifest.name));
    },
    async openGrammars({ tokens }) {
      // The grammar engine's bundle takes Node for CommonJS.
      const { filename } = import.meta;
      Object.assign(globalThis, { require: createRequire(import.meta.url), __filename: filename });
      return localGrammars(tokens.data);
    },
  };
}

/** Opens a model's files: one, or all of the set that the first part's name tells of. @returns also what closes them */
export async function openFiles(path: string): Promise<{ parts: ModelPart[]; close: () => Promise<void> }> {
  const names = partSetOf(basename(path))?.partNames ?? [basename(path)];
  const handles = await Promise.all(names.map((name) => open(join(dirname(path), name))));
  const parts = await Promise.all(
    handles.map(async (handle, index): Promise<ModelPart> => {
      const { size: sizeBytes } = await handle.stat();
      const read = async (offset: number, length: number) => {
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) throw new Error(`${names[index]} ends before byte ${offset + length}.`);
          done += bytesRead;
        }
        return bytes;
      };
      return { name: names[index]!, source: { sizeBytes, read } };
    }),
  );
  return { parts, close: async () => void (await Promise.all(handles.map((handle) => handle.close()))) };
}
