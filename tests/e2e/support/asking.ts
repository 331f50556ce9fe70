import type { AnyTab } from './evaluator.ts';

/** Greedy text of this tab's engine, or the error's message. */
export function ask({ page }: AnyTab, content = 'Hello'): Promise<string> {
  return page.evaluate(async (content) => {
    try {
      const answer = await window.shoal.engine.chat.completions.create({
        messages: [{ role: 'user', content }],
        temperature: 0,
        max_tokens: 8,
      });
      return answer.choices[0]?.message.content ?? '';
    } catch (error) {
      return `error: ${(error as Error).message}`;
    }
  }, content);
}

/** Prompts tried for one that the random model answers at that length: most answers end early. */
const MAX_PROMPTS = 120;

/** So many prompts that the model answers, greedy, with this many tokens and more. */
export function findLongAnswers({ page }: AnyTab, tokens: number, count: number): Promise<string[]> {
  return page.evaluate(
    async ({ tokens, count, tries }) => {
      const found: string[] = [];
      for (let number = 0; number < tries; number++) {
        const content = `Hello ${number}`;
        const answer = await window.shoal.engine.chat.completions.create({
          ...{ messages: [{ role: 'user', content }], temperature: 0, max_tokens: tokens },
        });
        if (answer.choices[0]?.finish_reason === 'length') found.push(content);
        if (found.length === count) return found;
      }
      throw new Error(`Of ${tries} prompts only ${found.length} are answered at length.`);
    },
    { tokens, count, tries: MAX_PROMPTS },
  );
}
