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
