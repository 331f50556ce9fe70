import type { ProfileTab } from './profile-tab.ts';

export interface Asked {
  readonly text: string;
  readonly promptTokens: number;
  readonly firstTokenS: number;
  /** After the first token. */
  readonly tokensPerSecond: number;
  readonly longestPauseS: number;
}

/** With the template's marks, about 32 tokens. */
const PROMPT = 'Name the rivers that a ship passes on its way from the sea to the old harbour of the city.';
/** An answer that takes longer has not come. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * Asks in this tab, greedily.
 * @param meanwhile - done once a third of the answer has come
 */
export async function ask({ browser }: ProfileTab, tokens: number, meanwhile?: () => void): Promise<Asked> {
  const answer = browser.evaluate(
    async ([content, count, timeoutMs]) => {
      window.shoalSteps.answered = 0;
      const timer = setTimeout(() => window.shoal.engine.interruptGenerate(), timeoutMs);
      const startedAtMs = performance.now();
      const chunks = await window.shoal.engine.chat.completions.create({
        messages: [{ role: 'user', content }],
        temperature: 0,
        max_tokens: count,
        ignore_eos: true,
        stream: true,
        stream_options: { include_usage: true },
      });
      const timesMs: number[] = [];
      let text = '';
      let promptTokens = 0;
      for await (const chunk of chunks) {
        promptTokens = chunk.usage?.prompt_tokens ?? promptTokens;
        if (!chunk.choices[0]) continue;
        text += chunk.choices[0].delta.content ?? '';
        timesMs.push(performance.now());
        window.shoalSteps.answered = timesMs.length;
      }
      clearTimeout(timer);
      const first = timesMs[0]!;
      const pauses = timesMs.slice(1).map((at, index) => at - timesMs[index]!);
      return {
        text,
        promptTokens,
        firstTokenS: (first - startedAtMs) / 1000,
        tokensPerSecond: (1000 * pauses.length) / (timesMs.at(-1)! - first),
        longestPauseS: Math.max(0, ...pauses) / 1000,
      };
    },
    [PROMPT, tokens, TIMEOUT_MS] as [string, number, number],
  );
  if (meanwhile) {
    const answered = () => browser.evaluate(() => window.shoalSteps.answered ?? 0, '');
    while ((await Promise.race([answered(), answer.then(() => tokens)])) < tokens / 3) await pause();
    meanwhile();
  }
  return answer;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
