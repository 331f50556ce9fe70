import { readFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import type { AnyTab } from './evaluator.ts';

// The golden text: what the float64 reference says, greedy.

interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: string;
}

/** A greedy continuation of the reference. */
export interface GreedyCase {
  /** A conversation, or */
  readonly messages?: readonly Message[];
  /** a text to go on with. */
  readonly prompt?: string;
  readonly ids: readonly number[];
  readonly text: string;
  readonly endsWithEos: boolean;
  readonly nearTie?: boolean;
}

const reference = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as {
  greedy: GreedyCase[];
};
/** Those whose every choice is clear enough for any exact arithmetic. */
export const cases = reference.greedy.filter(({ nearTie }) => !nearTie);
export const france = cases[0]!;

export interface Probe {
  readonly text: string;
  readonly tokens: number;
  /** Every number that the last stage sent: candidates' log probabilities, exact. */
  readonly logprobs: unknown;
}

/** What a program asks at the console, greedy. @param name - of an engine beside the page's own */
export function ask(
  { page }: AnyTab,
  { messages, prompt }: Pick<GreedyCase, 'messages' | 'prompt'>,
  maxTokens: number,
  name?: string,
): Promise<Probe> {
  return page.evaluate(
    async ({ messages, prompt, maxTokens, name }) => {
      const engine = name === undefined ? window.shoal.engine : window.shoal.engine.beside(name);
      const options = { temperature: 0, max_tokens: maxTokens, logprobs: true, top_logprobs: 5 };
      if (messages) {
        const answer = await engine.chat.completions.create({ messages: messages as never, ...options });
        const choice = answer.choices[0]!;
        return {
          text: choice.message.content ?? '',
          tokens: answer.usage!.completion_tokens,
          logprobs: choice.logprobs?.content,
        };
      }
      const answer = await engine.completions.create({ prompt: prompt!, ...options });
      const choice = answer.choices[0]!;
      return { text: choice.text, tokens: answer.usage!.completion_tokens, logprobs: choice.logprobs?.content };
    },
    { messages, prompt, maxTokens, name },
  );
}

/** The swarm's answer is the reference's, token for token. @param name - as of `ask` */
export async function expectReference(tab: AnyTab, greedy: GreedyCase, name?: string): Promise<void> {
  const { ids, text, endsWithEos } = greedy;
  const answer = await ask(tab, greedy, ids.length, name);
  expect(answer.text).toBe(text.replace(/<\|im_end\|>$/, ''));
  expect(answer.tokens).toBe(endsWithEos ? ids.length - 1 : ids.length);
}

/** What a test of the case is called. */
export function caseName(index: number, { messages, prompt }: GreedyCase): string {
  return `greedy case ${index}: “${(messages?.at(-1)?.content ?? prompt)!.trim().slice(0, 40)}”`;
}
