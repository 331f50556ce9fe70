/**
 * Shoal in Node: one model on the processor, by WebLLM's interface. Swarms are for browsers; a program asks one through
 * `npx shoal bridge`.
 *
 * @packageDocumentation
 */
import { log } from '../core/log.ts';
import type { Engine } from './engine.ts';

export { type ErrorCode, ShoalError } from '../core/errors.ts';
export type { Engine };

/** What an engine in Node is made of. */
export interface NodeEngineOptions {
  /** Path of a GGUF file, or of the first of a set `…-00001-of-0000N.gguf`. */
  readonly file: string;
  /** What answers call the model; from the file's name unless given. */
  readonly name?: string;
  /** Of the processor; all but one, and eight at most, unless given. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/**
 * Loads a model and runs it on the processor. `unload()` ends its threads, so that the program may end.
 *
 * @example
 * ```ts
 * import { createEngine } from 'shoal/node';
 *
 * const engine = await createEngine({ file: 'model.gguf' });
 * const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];
 * const { choices } = await engine.chat.completions.create({ messages, temperature: 0 });
 * console.log(choices[0]?.message.content);
 * await engine.unload();
 * ```
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`,
 * `out-of-memory`, `aborted`
 */
export async function createEngine({ file, name, threads, signal }: NodeEngineOptions): Promise<Engine> {
  log.print('warn');
  const [{ holdModel }, { runAlone }, { nodePlatform, openFiles }] = await Promise.all([
    import('./alone/held-model.ts'),
    import('./alone/run-alone.ts'),
    import('./alone/node-platform.ts'),
  ]);
  const { parts, close } = await openFiles(file);
  try {
    // All of it is in memory then: the files are not read any more.
    return await runAlone(await holdModel(parts, name), nodePlatform(threads), { signal });
  } finally {
    await close();
  }
}
