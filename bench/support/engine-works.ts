import type { Engine } from './engines.ts';
import { type Distribution, summarize } from './measure.ts';
import type { Plan } from './plan.ts';

/** Each prompt takes an engine seconds. */
const MAX_REPEATS = 3;
/** Ids that every vocabulary has; what they mean makes no difference to the time. */
const IDS = 256;
/** What a decode begins from. */
const CONTEXT_TOKENS = 16;

/** What engines are timed with. */
export interface EngineWork {
  readonly what: string;
  readonly tokens: number;
  readonly decodes: boolean;
}

/** The plan's decode, then its prompts. */
export function engineWorks({ decodeTokens, promptTokens }: Plan): EngineWork[] {
  return [
    { what: `Decode, ${decodeTokens} tokens`, tokens: decodeTokens, decodes: true },
    ...promptTokens.map((tokens) => ({ what: `Prefill, ${tokens} tokens`, tokens, decodes: false })),
  ];
}

/** Tokens a second of each engine; they take turns. */
export async function compareEngines(
  engines: readonly Engine[],
  { tokens, decodes }: EngineWork,
  plan: Plan,
): Promise<Distribution[]> {
  const samples = engines.map((): number[] => []);
  for (let run = 0; run <= Math.min(plan.repeats, MAX_REPEATS); run++) {
    for (const [index, engine] of engines.entries()) {
      const ids = Array.from({ length: decodes ? CONTEXT_TOKENS : tokens }, (_, at) => (run + 7 * at) % IDS);
      if (decodes) await engine.prefill(ids);
      const startedAtMs = performance.now();
      await (decodes ? engine.decode(tokens) : engine.prefill(ids));
      // The first round warms up.
      if (run > 0) samples[index]!.push((1000 * tokens) / (performance.now() - startedAtMs));
    }
  }
  return samples.map(summarize);
}
