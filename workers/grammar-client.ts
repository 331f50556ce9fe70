import * as comlink from 'comlink';
import { withDeadline } from '../src/core/deadline.ts';
import { ShoalError } from '../src/core/errors.ts';
import { Turns } from '../src/core/turns.ts';
import type { AnswerGrammar, GrammarFollower, Grammars } from '../src/grammar/answer-grammar.ts';
import type { TokenData } from '../src/tokenizer/token-table.ts';
import type { GrammarWorkerApi } from './grammar-contract.ts';
import { startWorker } from './start-worker.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';
import { hearLog } from './worker-log.ts';

/** Loading the library and a vocabulary of 150,000 tokens takes a second; a machine may be busy with layers. */
const OPEN_TIMEOUT_MS = 60_000;
/** Of a schema of some kilobytes compiling takes milliseconds; of a hostile one, for ever. */
const COMPILE_TIMEOUT_MS = 10_000;

/**
 * Grammars in a worker, which is started where the first is asked for, and made anew where one fails.
 * @param closed - ends the worker for good; until the page goes unless given
 */
export function workerGrammars(tokens: () => Promise<TokenData>, closed?: AbortSignal): Grammars {
  installErrorTransfer();
  return new WorkerGrammars(tokens, closed);
}

class WorkerGrammars implements Grammars {
  readonly #tokens: () => Promise<TokenData>;
  readonly #turns = new Turns();
  #thread: Promise<GrammarThread> | undefined;

  constructor(tokens: () => Promise<TokenData>, closed: AbortSignal | undefined) {
    this.#tokens = tokens;
    closed?.addEventListener('abort', () => {
      this.#thread?.then(
        (thread) => thread.terminate(),
        () => undefined,
      );
    });
  }

  async follow(grammar: AnswerGrammar): Promise<GrammarFollower> {
    return new WorkerFollower(grammar, await this.#begin(grammar), () => this.#begin(grammar));
  }

  async #begin(grammar: AnswerGrammar): Promise<Place> {
    // One at a time: a deadline counts a grammar's own time.
    const release = await this.#turns.take();
    this.#thread ??= this.#tokens().then(GrammarThread.start);
    const starting = this.#thread;
    try {
      const thread = await starting;
      return { thread, answer: await thread.begin(grammar) };
    } catch (error) {
      // What the library has aborted may not be whole any more.
      if (this.#thread === starting) this.#thread = undefined;
      starting.then(
        (thread) => thread.retire(),
        () => undefined,
      );
      throw error;
    } finally {
      release();
    }
  }
}

/** An answer in a thread. */
interface Place {
  readonly thread: GrammarThread;
  readonly answer: number;
}

class WorkerFollower implements GrammarFollower {
  readonly #again: () => Promise<Place>;
  readonly #grammar: AnswerGrammar;
  #place: Place;
  /** Tokens that the thread has been told of, and what it said. */
  #told = 0;
  #last: Uint32Array | 'end' | undefined;

  /** @param again - begins in another thread, where this one was ended for what somebody else asked of it */
  constructor(grammar: AnswerGrammar, place: Place, again: () => Promise<Place>) {
    this.#grammar = grammar;
    this.#place = place;
    this.#again = again;
  }

  async allowed(ids: readonly number[]): Promise<Uint32Array | 'end'> {
    if (this.#last !== undefined && ids.length === this.#told) return this.#last;
    try {
      return await this.#advance(ids);
    } catch (error) {
      if (!this.#place.thread.ended) throw error;
      this.#place = await this.#again();
      this.#told = 0;
      return this.#advance(ids);
    }
  }

  close(): void {
    this.#place.thread.end(this.#place.answer);
  }

  async #advance(ids: readonly number[]): Promise<Uint32Array | 'end'> {
    const { thread, answer } = this.#place;
    this.#last = await thread.advance(answer, ids.slice(this.#told), this.#grammar.kind);
    this.#told = ids.length;
    return this.#last;
  }
}

/** One worker and the answers that it follows. */
class GrammarThread {
  ended = false;
  readonly #worker: Worker;
  readonly #api: comlink.Remote<GrammarWorkerApi>;
  readonly #answers = new Set<number>();
  #retired = false;

  static async start(this: void, tokens: TokenData): Promise<GrammarThread> {
    const worker = startWorker('grammar');
    hearLog(worker);
    const thread = new GrammarThread(worker);
    await thread.#within(thread.#api.open(tokens), OPEN_TIMEOUT_MS, 'The grammar engine does not start');
    return thread;
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#api = rejectWhenDead(worker, comlink.wrap<GrammarWorkerApi>(worker));
    worker.addEventListener('error', () => this.terminate());
  }

  async begin(grammar: AnswerGrammar): Promise<number> {
    const answer = await this.#within(
      this.#api.begin(grammar),
      COMPILE_TIMEOUT_MS,
      `The request's grammar (${grammar.kind}) is too much to compile`,
      'bad-request',
    );
    this.#answers.add(answer);
    return answer;
  }

  /** @param kind - of the grammar, for the error */
  advance(answer: number, ids: readonly number[], kind: string): Promise<Uint32Array | 'end'> {
    return this.#within<Uint32Array | 'end'>(
      this.#api.advance(answer, ids),
      COMPILE_TIMEOUT_MS,
      `The request's grammar (${kind}) is too much to follow`,
      'bad-request',
    );
  }

  end(answer: number): void {
    this.#answers.delete(answer);
    if (this.ended) return;
    this.#api.end(answer).catch(() => undefined);
    if (this.#retired && this.#answers.size === 0) this.terminate();
  }

  /** No answer begins here any more; those that are followed come to their end. */
  retire(): void {
    this.#retired = true;
    if (this.#answers.size === 0) this.terminate();
  }

  async #within<Result>(
    running: Promise<Result>,
    timeoutMs: number,
    problem: string,
    code: 'timeout' | 'bad-request' = 'timeout',
  ): Promise<Result> {
    const late = new ShoalError(code, `${problem}: it was ended after ${timeoutMs / 1000} s.`);
    return withDeadline(running, timeoutMs, late, () => this.terminate());
  }

  /** Ends the worker, whatever it follows. */
  terminate(): void {
    this.ended = true;
    this.#worker.terminate();
  }
}
