import { type Signal, signal } from '@preact/signals';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
  Lap,
} from '../swarm/coordinator/generation.ts';
import type { Wait } from '../swarm/route/wait.ts';
import type { Timeline } from './timeline.ts';

/** Speed is shown over the newest tokens, so that it follows what happens now. */
const SPEED_WINDOW_TOKENS = 16;

/** Lets the page look on while tokens are made, whoever asked for them: the chat or a program at the console. */
export class WatchedGenerator implements Generator {
  readonly lap: Signal<Lap | undefined> = signal(undefined);
  readonly tokensPerSecond: Signal<number | undefined> = signal(undefined);
  readonly progressNote: Signal<string | undefined> = signal(undefined);
  readonly wait: Signal<Wait | undefined> = signal(undefined);
  readonly summary: Signal<GenerationSummary | undefined> = signal(undefined);
  /** Layers times positions that other tabs have computed for this one. */
  takenWork = 0;
  readonly #peerId: () => string | undefined;
  readonly #generator: () => Generator;
  readonly #timeline: Timeline;

  /** @param peerId - this tab's own */
  constructor(generator: () => Generator, timeline: Timeline, peerId: () => string | undefined) {
    this.#peerId = peerId;
    this.#generator = generator;
    this.#timeline = timeline;
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const times: number[] = [];
    this.tokensPerSecond.value = undefined;
    this.summary.value = undefined;
    let readTokens = 0;
    const tokens = this.#generator().generate({
      ...request,
      onPrefill: (progress) => {
        readTokens = progress.doneTokens - progress.reusedTokens;
        this.progressNote.value = `Reading the prompt: ${progress.doneTokens} of ${progress.totalTokens} tokens`;
        request.onPrefill?.(progress);
      },
      onWait: (wait) => {
        this.waits(wait);
        request.onWait?.(wait);
      },
    });
    this.progressNote.value = 'Reading the prompt…';
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
        this.lap.value = next.value.lap;
        this.takenWork += (1 + readTokens) * this.#layersOfOthers(next.value.lap);
        readTokens = 0;
        yield next.value;
      }
    } finally {
      this.progressNote.value = undefined;
      this.waits(undefined, 'given-up');
      // A reader that leaves early ends the answer below as well: it is read by hand, so nothing else would.
      await tokens.return(undefined as never);
    }
  }

  #layersOfOthers({ stages }: Lap): number {
    const own = this.#peerId();
    const others = stages.filter(({ peerId }) => peerId !== own);
    return others.reduce((sum, { layers }) => sum + layers.end - layers.start, 0);
  }

  /** Shows why an answer stands still; undefined when that is over. */
  waits(wait: Wait | undefined, outcome: 'served' | 'given-up' = 'served'): void {
    this.wait.value = wait;
    if (wait) this.#timeline.waits(wait);
    else this.#timeline.waited(outcome);
  }
}
