import { expect, it } from 'vitest';
import { splitReasoning } from '../../../src/ui/reasoning.ts';

it.each([
  ['Paris.', undefined, 'Paris.', false],
  ['<think>', '', '', true],
  ['\n<think>\nFrance has', 'France has', '', true],
  ['<think>\nFrance.\n</think>\n\nParis.', 'France.', 'Paris.', false],
  // The template began it.
  ['France.\n</think>\n\nParis.', 'France.', 'Paris.', false],
  // Qwen 3 without thinking.
  ['<think>\n\n</think>\n\nParis.', undefined, 'Paris.', false],
  ['Say <think> and mean it', undefined, 'Say <think> and mean it', false],
])('splits %j', (text, reasoning, answer, open) => {
  expect(splitReasoning(text)).toEqual({ reasoning, answer, open });
});
