import type { Page } from 'playwright';
import type { Lap } from '../src/swarm/coordinator/generation.ts';

/** One answer. */
export interface DecodeRun {
  readonly tokensPerSecond: number;
  /** One for each token after the first. */
  readonly laps: readonly Lap[];
}

const PROMPT = 'The lighthouse at the end of the bay had been built by a man who distrusted the sea.';

/** Makes `tokens` tokens, greedy, past every end of the text, with this tab as coordinator. */
export function decode(page: Page, tokens: number): Promise<DecodeRun> {
  return page.evaluate(
    async ({ prompt, tokens }) => {
      const laps: Lap[] = [];
      let tokensPerSecond = 0;
      const chunks = await window.shoal.engine.completions.create({
        prompt,
        max_tokens: tokens,
        temperature: 0,
        ignore_eos: true,
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const { usage } of chunks) {
        const { lap } = window.shoal;
        if (lap && lap !== laps.at(-1)) laps.push(lap);
        tokensPerSecond = usage?.extra.decode_tokens_per_s ?? tokensPerSecond;
      }
      // The first lap is the prompt's.
      return { tokensPerSecond, laps: laps.slice(1) };
    },
    { prompt: PROMPT, tokens },
  );
}
