import { type Signal, signal } from '@preact/signals';
import { type EngineOptions, ShoalEngine } from '../api/index.ts';
import { Tally } from '../core/tally.ts';
import type { LapMean } from './app-model.ts';
import { NOTED_ALTERNATIVES } from './chat/answer-tokens.ts';
import { LapMinute } from './lap-minute.ts';
import { LapTrace } from './lap-trace.ts';
import type { Timeline } from './timeline.ts';
import { type AnswerProgress, WatchedGenerator } from './watched-generator.ts';

export interface AnswersOptions extends Omit<EngineOptions, 'generator' | 'name'> {
  readonly generator: () => EngineOptions['generator'];
  readonly timeline: Timeline;
  /** This tab's own. */
  readonly peerId: () => string | undefined;
}

/** Makes engines over the swarm, and shows of all their answers together what the page shows of the swarm. */
export class Answers {
  readonly lap: Signal<LapMean | undefined> = signal(undefined);
  readonly trace = new LapTrace();
  /** Layers times positions that other tabs have computed for this one. */
  readonly takenWork = new Tally();
  readonly #minute = new LapMinute();
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** @param name - of a conversation that is answered beside others; none for programs' engine */
  open(name?: string): { readonly engine: ShoalEngine; readonly progress: AnswerProgress } {
    const { generator, timeline, peerId: _, ...options } = this.#options;
    const watched: WatchedGenerator = new WatchedGenerator(generator, {
      ...(name === undefined ? {} : { alternatives: NOTED_ALTERNATIVES, lasting: true }),
      onToken: ({ lap, positions }) => {
        const atMs = performance.now();
        // One that reads the prompt too is no token's, and shown as long as there is none.
        if (positions === 1) this.lap.value = this.#minute.add(lap, atMs);
        else this.lap.value ??= { ...lap, laps: 1, atMs };
        this.trace.add(lap);
        for (const { peerId, layers } of lap.stages) {
          if (peerId !== this.#options.peerId()) this.takenWork.add(peerId, positions * (layers.end - layers.start));
        }
      },
      onWait: (wait, outcome) => {
        if (wait) timeline.waits(watched, wait);
        else timeline.waited(watched, outcome);
      },
    });
    const named = name === undefined ? {} : { name };
    return { engine: new ShoalEngine({ ...options, ...named, generator: watched }), progress: watched };
  }
}
