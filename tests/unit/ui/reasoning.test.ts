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
  // gpt-oss.
  ['<|channel|>ana', '', '', true],
  ['<|channel|>analysis<|message|>France has', 'France has', '', true],
  [
    '<|channel|>analysis<|message|>France.<|end|><|start|>assistant<|channel|>commentary to=f <|constrain|>json<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>Paris <b>.',
    'France.\n\n{}',
    'Paris <b>.',
    false,
  ],
  ['<|channel|>final<|message|>Paris.<|return|>', undefined, 'Paris.<|return|>', false],
  ['Say <|channel|> twice', undefined, 'Say <|channel|> twice', false],
  ['Say <think> and mean it', undefined, 'Say <think> and mean it', false],
])('splits %j', (text, reasoning, answer, open) => {
  expect(splitReasoning(text)).toEqual({ reasoning, answer, open });
});
