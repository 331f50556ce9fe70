// What an answer's grammar costs: node bench/grammar.ts [FILE]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { AnswerGrammar } from '../src/grammar/answer-grammar.ts';
import { GrammarMatchers } from '../src/grammar/grammar-matchers.ts';
import { Tokenizer } from '../src/tokenizer/index.ts';
import { jsonSchemas } from '../tests/fixtures/json-schemas.ts';
import { metadataOf } from '../tests/support/default-tokenizer.ts';
import { GrammarWalker } from '../tests/support/grammar-walker.ts';
import '../tests/support/local-grammars.ts';
import { summarize } from './support/measure.ts';

/** Of 151,936 tokens. */
const MODEL = 'models_cache/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf';
const ANSWERS = 20;
const TOKENS = 60;

const { positionals } = parseArgs({ allowPositionals: true });
const tokenizer = Tokenizer.fromMetadata(await metadataOf(positionals[0] ?? MODEL));
console.log(`${cpus()[0]?.model.trim()}; ${tokenizer.size} tokens, ${Math.ceil(tokenizer.size / 32) * 4} bytes a mask`);

const parameters = JSON.stringify({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] });
const call = {
  trigger: '<tool_call>',
  begin: '<tool_call>\n{"name": "f", "arguments": ',
  arguments: { kind: 'json', schema: parameters },
  end: '}\n</tool_call>',
} as const;
const calls = { kind: 'calls', calls: [call], once: false } as const;
const schemas = jsonSchemas(ANSWERS, 11).map((schema) => JSON.stringify(schema));
const KINDS: readonly [string, (answer: number) => AnswerGrammar][] = [
  ['any JSON object', () => ({ kind: 'object' })],
  [`${ANSWERS} schemas`, (answer) => ({ kind: 'schema', schema: schemas[answer]! })],
  ['a call that must be', () => ({ ...calls, required: true })],
  ['text that may call', () => ({ ...calls, required: false })],
];

const startedAt = performance.now();
const matchers = await GrammarMatchers.open(tokenizer.data);
console.log(`opened in ${(performance.now() - startedAt).toFixed(0)} ms`);
for (const [name, grammarOf] of KINDS) {
  const compiling: number[] = [];
  const steps: number[] = [];
  for (let answer = 0; answer < ANSWERS; answer++) {
    const before = performance.now();
    const matcher = await matchers.begin(grammarOf(answer));
    compiling.push(performance.now() - before);
    await walk(matcher, answer, steps);
    matchers.end(matcher);
  }
  const [first] = compiling;
  const { median } = summarize(steps);
  const p99 = steps.toSorted((a, b) => a - b)[Math.floor(0.99 * steps.length)]!;
  console.log(
    `${name.padEnd(20)} first ${first!.toFixed(1)} ms, then ${summarize(compiling.slice(1)).median.toFixed(1)} ms; a token ${median.toFixed(3)} ms, 99 % ${p99.toFixed(2)} ms, of ${steps.length}`,
  );
}

/** Follows a random answer, and times each step. */
async function walk(matcher: number, seed: number, steps: number[]): Promise<void> {
  let told = 0;
  const constraint = {
    allowed: async (ids: readonly number[]) => {
      const before = performance.now();
      const allowed = await matchers.advance(matcher, ids.slice(told));
      steps.push(performance.now() - before);
      told = ids.length;
      return allowed;
    },
  };
  const request = { promptIds: [1], maxTokens: TOKENS, stopIds: tokenizer.eogIds, topLogprobs: 0, constraint };
  const sampling = { temperature: 1 } as never;
  for await (const _ of new GrammarWalker(tokenizer, seed).generate({ ...request, sampling }));
}
