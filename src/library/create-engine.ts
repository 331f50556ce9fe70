import type { InitProgressCallback } from '@mlc-ai/web-llm';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { Engine } from './engine.ts';
import type { RunnerWishes } from './runner-wishes.ts';

/** What an engine for one tab alone is made of: a file or an address. */
export interface EngineSource extends RunnerWishes {
  /** A GGUF file that a person chose or dropped, or all parts of a set. */
  readonly file?: Blob | readonly Blob[];
  /** Address of a GGUF file, or of the first of a set `…-00001-of-0000N.gguf`. */
  readonly url?: string | URL;
  /** Whether this browser keeps what it downloads for the next time; it does unless told not to. */
  readonly keep?: boolean;
  /** What answers call the model; from the file's name unless given. */
  readonly name?: string;
  /** WebLLM's: told how far loading is, `progress` from 0 to 1. */
  readonly onProgress?: InitProgressCallback;
  /** Ends loading, with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Part of the progress that is the download; the rest is the way to the device. */
const DOWNLOAD_SHARE = 0.7;

/**
 * Loads a model into this tab, on its GPU or its processor, without any other tab. The engine has WebLLM's interface;
 * `unload()` gives everything back.
 *
 * @example
 * ```ts
 * import { createEngine } from 'shoal';
 *
 * const engine = await createEngine({ url: '/models/SmolLM2.gguf', onProgress: ({ text }) => console.log(text) });
 * const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];
 * for await (const chunk of await engine.chat.completions.create({ messages, stream: true }))
 *   console.log(chunk.choices[0]?.delta.content ?? '');
 * ```
 * @throws ShoalError `model-unavailable`, `bad-gguf`, `truncated-gguf`, `unsupported-architecture`,
 * `unsupported-tensor-type`, `out-of-memory`, `bad-request`, `aborted`
 */
export async function createEngine(source: EngineSource): Promise<Engine> {
  const { file, url, keep = true, name, onProgress, signal, ...wishes } = source;
  if ((file === undefined) === (url === undefined))
    throw new ShoalError('bad-request', 'An engine needs one of "file" (a GGUF file) and "url" (its address).');
  log.print('warn');
  const startedAtMs = performance.now();
  const report = (progress: number, text: string) =>
    onProgress?.({ progress, timeElapsed: (performance.now() - startedAtMs) / 1000, text });
  report(0, 'Loading the engine');
  const [{ download, filesOf }, { holdModel }, { runAlone }, { pagePlatform }] = await Promise.all([
    import('./alone/model-files.ts'),
    import('./alone/held-model.ts'),
    import('./alone/run-alone.ts'),
    import('./alone/page-platform.ts'),
  ]);
  const begin = url === undefined ? 0 : DOWNLOAD_SHARE;
  const parts =
    file === undefined
      ? await download(absolute(url!), {
          keep,
          signal,
          onProgress: (done, total) =>
            report(
              total ? (begin * done) / total : 0,
              `Downloading the model: ${megabytes(done)}${total ? ` of ${megabytes(total)}` : ''}`,
            ),
        })
      : filesOf(file);
  const model = await holdModel(parts, name);
  const engine = await runAlone(model, pagePlatform(wishes), {
    signal,
    onLoad: (loaded, total) =>
      report(begin + ((1 - begin) * loaded) / total, `Loading the model: ${megabytes(loaded)} of ${megabytes(total)}`),
  });
  report(1, `${engine.modelId()} is ready`);
  return engine;
}

/** Deletes the model that `createEngine` has kept in this browser. @param url - that it was created with */
export async function deleteModel(url: string | URL): Promise<void> {
  const { deleteDownload } = await import('./alone/model-files.ts');
  await deleteDownload(absolute(url));
}

/** Relative to the page, or in a worker to its file. */
function absolute(url: string | URL): URL {
  return new URL(url, globalThis.document?.baseURI ?? location.href);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
