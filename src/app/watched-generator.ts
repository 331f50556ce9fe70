import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
} from '../swarm/coordinator/generation.ts';
import type { Wait } from '../swarm/route/wait.ts';
import { words } from '../words/words.ts';

/** Speed is shown over the newest tokens, so that it follows what happens now. */
const SPEED_WINDOW_TOKENS = 16;

/** How far answers are that are made one at a time. */
export interface AnswerProgress {
  readonly tokensPerSecond: ReadonlySignal<number | undefined>;
  /** What comes before the first token, e.g. "Reading the prompt: 64 of 120 tokens". */
  readonly progressNote: Signal<string | undefined>;
  readonly wait: ReadonlySignal<Wait | undefined>;
  /** Of the newest answer. */
  readonly summary: ReadonlySignal<GenerationSummary | undefined>;
  /** Of the newest answer, as they were drawn. */
  readonly drawn: readonly GeneratedToken[];
  /** Shows why an answer stands still; undefined when that is over. */
  waits(wait: Wait | undefined, outcome?: 'served' | 'given-up'): void;
}

/** Who else looks on. */
export interface Onlooker {
  readonly onToken?: (token: GeneratedToken) => void;
  readonly onWait?: (wait: Wait | undefined, outcome: 'served' | 'given-up') => void;
  /** Alternatives that are noted with each token. */
  readonly alternatives?: number;
  /** Later pages go on with the conversation. */
  readonly lasting?: boolean;
}

/** Tells how far the answers are that are made through it. */
export class WatchedGenerator implements Generator, AnswerProgress {
  readonly tokensPerSecond: Signal<number | undefined> = signal(undefined);
  readonly progressNote: Signal<string | undefined> = signal(undefined);
  readonly wait: Signal<Wait | undefined> = signal(undefined);
  readonly summary: Signal<GenerationSummary | undefined> = signal(undefined);
  drawn: readonly GeneratedToken[] = [];
  readonly #generator: () => Generator;
  readonly #onlooker: Onlooker;

  constructor(generator: () => Generator, onlooker: Onlooker = {}) {
    this.#generator = generator;
    this.#onlooker = onlooker;
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const times: number[] = [];
    this.tokensPerSecond.value = undefined;
    this.summary.value = undefined;
    const drawn: GeneratedToken[] = [];
    this.drawn = drawn;
    const { alternatives = 0, lasting = false } = this.#onlooker;
    const tokens = this.#generator().generate({
      ...request,
      lasting,
      topLogprobs: Math.max(request.topLogprobs, alternatives),
      onPrefill: (progress) => {
        this.progressNote.value = words().chat.readingSoFar(progress.doneTokens, progress.totalTokens);
        request.onPrefill?.(progress);
      },
      onWait: (wait) => {
        this.waits(wait);
        request.onWait?.(wait);
      },
    });
    this.progressNote.value = words().chat.reading;
    try {
      for (;;) {
        const next = await tokens.next();
        if (next.done) {
          this.summary.value = next.value;
          return next.value;
        }
        times.push(performance.now());
        if (times.length > SPEED_WINDOW_TOKENS) times.shift();
        if (times.length > 1) this.tokensPerSecond.value = (1000 * (times.length - 1)) / (times.at(-1)! - times[0]!);
        this.progressNote.value = undefined;
        this.#onlooker.onToken?.(next.value);
        if (alternatives > 0) drawn.push(next.value);
        // Who has asked for fewer gets no more.
        yield { ...next.value, top: next.value.top.slice(0, request.topLogprobs) };
      }
    } finally {
      this.progressNote.value = undefined;
      this.waits(undefined, 'given-up');
      // A reader that leaves early ends the answer below as well: it is read by hand, so nothing else would.
      await tokens.return(undefined as never);
    }
  }

  waits(wait: Wait | undefined, outcome: 'served' | 'given-up' = 'served'): void {
    this.wait.value = wait;
    this.#onlooker.onWait?.(wait, outcome);
  }
}
