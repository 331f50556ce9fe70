import * as comlink from 'comlink';
import { withDeadline } from '../src/core/deadline.ts';
import { ShoalError } from '../src/core/errors.ts';
import { Turns } from '../src/core/turns.ts';
import { type ModelText, type Prompt, type PromptSize, surelyEnough } from '../src/tokenizer/model-text.ts';
import type { SamplingDefaults } from '../src/tokenizer/sampling-defaults.ts';
import { TokenTable } from '../src/tokenizer/token-table.ts';
import type { ToolFormat } from '../src/tokenizer/tool-format.ts';
import { startWorker } from './start-worker.ts';
import type { ModelHeader, TokenizerWorkerApi } from './tokenizer-contract.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';
import { hearLog } from './worker-log.ts';

/** Reading a header and its vocabulary takes 0.1 s to 1 s; a machine may be busy with layers. */
const OPEN_TIMEOUT_MS = 30_000;
/** Rendering takes some milliseconds, unless the template has no end. */
const RENDER_TIMEOUT_MS = 900;
/** Tokenizing takes 3 ms for a thousand characters at most, on a slow machine that has other things to do. */
const ENCODE_TIMEOUT_MS = 2000;
const ENCODE_MS_PER_CHAR = 0.02;

/**
 * A model's text in a worker, which is ended and made anew when a call takes too long.
 * @param readHeader - of the model's first shard; called whenever a worker starts
 * @param closed - ends the worker for good; until the page goes unless given
 * @throws ShoalError `bad-gguf` when the file has no tokenizer that is supported, `timeout`
 */
export async function openWorkerText(readHeader: () => Promise<ModelHeader>, closed?: AbortSignal): Promise<ModelText> {
  installErrorTransfer();
  const workers = new TokenizerWorkers(readHeader, closed);
  return new WorkerModelText(workers, await workers.start());
}

class WorkerModelText implements ModelText {
  readonly tokens: TokenTable;
  readonly sampling: SamplingDefaults;
  readonly toolFormat: ToolFormat;
  readonly #workers: TokenizerWorkers;
  readonly #turns = new Turns();

  constructor(workers: TokenizerWorkers, { tokens, sampling, toolFormat }: ReturnType<TokenizerWorkerApi['open']>) {
    this.#workers = workers;
    this.tokens = new TokenTable(tokens);
    this.sampling = sampling;
    this.toolFormat = toolFormat;
  }

  async encode(prompt: Prompt, enough: number): Promise<readonly number[] | PromptSize> {
    const early = surelyEnough(this.tokens, prompt, enough);
    if (early) return early;
    // One at a time: a deadline counts a prompt's own time, and ends no other.
    const release = await this.#turns.take();
    try {
      const rendered = await this.#workers.call(
        (api) => api.render(prompt),
        RENDER_TIMEOUT_MS,
        "The model's chat template comes to no end with these messages",
      );
      const timeoutMs = ENCODE_TIMEOUT_MS + ENCODE_MS_PER_CHAR * rendered.text.length;
      const ids = await this.#workers.call((api) => api.encode(rendered), timeoutMs, 'The prompt cannot be tokenized');
      return Array.from(ids);
    } finally {
      release();
    }
  }
}

/** One worker after the other. */
class TokenizerWorkers {
  readonly #readHeader: () => Promise<ModelHeader>;
  readonly #closed: AbortSignal | undefined;
  #worker: Worker | undefined;
  #api: comlink.Remote<TokenizerWorkerApi> | undefined;

  constructor(readHeader: () => Promise<ModelHeader>, closed: AbortSignal | undefined) {
    this.#readHeader = readHeader;
    this.#closed = closed;
    closed?.addEventListener('abort', () => this.#end());
  }

  /** @returns what the page is to know of the model */
  async start(): Promise<ReturnType<TokenizerWorkerApi['open']>> {
    const header = await this.#readHeader();
    if (this.#closed?.aborted) throw new ShoalError('aborted', 'The engine was unloaded.');
    const worker = startWorker('tokenizer');
    hearLog(worker);
    const api = rejectWhenDead(worker, comlink.wrap<TokenizerWorkerApi>(worker));
    worker.addEventListener('error', () => this.#end());
    [this.#worker, this.#api] = [worker, api];
    const opening = api.open(comlink.transfer(header, [header.bytes.buffer]));
    try {
      return await this.#within(opening, OPEN_TIMEOUT_MS, "The model file's tokenizer cannot be made");
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** @throws ShoalError `timeout` when it takes too long; the next call has a new worker */
  async call<Result>(
    run: (api: comlink.Remote<TokenizerWorkerApi>) => Promise<Result>,
    timeoutMs: number,
    problem: string,
  ): Promise<Result> {
    if (!this.#api) await this.start();
    return this.#within(run(this.#api!), timeoutMs, problem);
  }

  async #within<Result>(running: Promise<Result>, timeoutMs: number, problem: string): Promise<Result> {
    const late = new ShoalError('timeout', `${problem}: it was ended after ${(timeoutMs / 1000).toFixed(1)} s.`);
    return withDeadline(running, timeoutMs, late, () => this.#end());
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#api = undefined;
  }
}
