// The coding tasks of `npm run test:big`, answered by llama.cpp: node tests/big/coding-native.ts MODEL.gguf
import type { Token } from 'node-llama-cpp';
import { openLlama } from '../support/llama-cpp.ts';
import { CODING_PROMPTS, CODING_TOKENS, passes } from './coding.ts';

const [path] = process.argv.slice(2);
if (!path) throw new Error('Name a model file.');
const llama = await openLlama();
const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
const context = await model.createContext({ contextSize: 2048, sequences: 1 });
const sequence = context.getSequence();
let passed = 0;
for (const [index, prompt] of CODING_PROMPTS.entries()) {
  const text =
    '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
    `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`;
  await sequence.clearHistory();
  const tokens: Token[] = [];
  for await (const token of sequence.evaluate(model.tokenize(text, true), { temperature: 0 })) {
    if (model.isEogToken(token) || tokens.length === CODING_TOKENS) break;
    tokens.push(token);
  }
  const right = passes(index, model.detokenize(tokens));
  passed += Number(right);
  console.log(`${right ? '✓' : '✗'} ${prompt.slice(0, 60)} (${tokens.length} tokens)`);
}
console.log(`llama.cpp: ${passed} of ${CODING_PROMPTS.length}`);
await llama.dispose();
