import { randomUUID } from 'node:crypto';
import { ShoalError } from '../../../src/core/errors.ts';
import type { PageCall, PageResult } from './page-engine.ts';

/** The tab's side of the calls: `page-engine.ts`, in a tab. Each rejects when the tab is gone. */
export interface EnginePage {
  answer(call: PageCall): Promise<PageResult<null>>;
  cancel(id: string): Promise<void>;
  promptSize(request: string): Promise<PageResult<number>>;
}

/** Calls to the engines of one tab. */
export class PageCalls {
  readonly #page: EnginePage;
  readonly #gone: AbortSignal;
  readonly #parts = new Map<string, WritableStreamDefaultWriter<string>>();

  /** @param gone - fires when the tab will never answer again */
  constructor(page: EnginePage, gone: AbortSignal) {
    this.#page = page;
    this.#gone = gone;
  }

  /** A part of an answer has come out of the tab: resolves when its reader asks for more, with whether it will. */
  async receive(id: string, json: string): Promise<boolean> {
    try {
      await this.#parts.get(id)?.write(json);
      return this.#parts.has(id);
    } catch {
      return false;
    }
  }

  /**
   * Hands a request to an engine and reads its answer, no faster than it is asked for. Ends once the engine is free.
   * @throws ShoalError as the engine; `peer-unreachable` when the tab goes; `aborted`
   */
  async *answer(call: Omit<PageCall, 'id'>, signal: AbortSignal): AsyncGenerator<unknown, void> {
    signal.throwIfAborted();
    const id = randomUUID();
    const { readable, writable } = new TransformStream<string, string>();
    const parts = writable.getWriter();
    this.#parts.set(id, parts);
    // After its reader has gone, a stream refuses both; that is no error.
    const end = (error?: ShoalError) => void (error ? parts.abort(error) : parts.close()).catch(() => undefined);
    let over = false;
    const ended = this.#whileThere(this.#page.answer({ ...call, id }))
      .then(
        (result) => end('failure' in result ? ShoalError.fromWire(result.failure) : undefined),
        (thrown) => end(ShoalError.from(thrown)),
      )
      .finally(() => {
        over = true;
      });
    const cancel = () => {
      this.#parts.delete(id);
      end(new ShoalError('aborted', 'The client has gone.'));
      if (!over) this.#page.cancel(id).catch(() => undefined);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const json of readable) yield JSON.parse(json);
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
      await ended;
    }
  }

  /** How many tokens a chat request gives the model to read. @throws ShoalError as `answer` */
  async promptSize(request: object): Promise<number> {
    const result = await this.#whileThere(this.#page.promptSize(JSON.stringify(request)));
    if ('failure' in result) throw ShoalError.fromWire(result.failure);
    return result.value;
  }

  /** @throws ShoalError `peer-unreachable` when the tab goes before it answers */
  async #whileThere<Value>(answer: Promise<Value>): Promise<Value> {
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const onGone = () => reject(new ShoalError('peer-unreachable', TAB_GONE));
    this.#gone.addEventListener('abort', onGone, { once: true });
    if (this.#gone.aborted) onGone();
    try {
      // A call into a tab that goes may be refused before the tab is known to be gone.
      return await Promise.race([
        gone,
        answer.catch((cause) => Promise.reject(new ShoalError('peer-unreachable', TAB_GONE, { cause }))),
      ]);
    } finally {
      this.#gone.removeEventListener('abort', onGone);
    }
  }
}

const TAB_GONE = "The bridge's tab has crashed, hangs or was closed; it is opened again. Ask again in a moment.";
