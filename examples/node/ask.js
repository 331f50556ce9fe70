// Asks a GGUF file on the processor: node ask.js model.gguf "What is the capital of France?"
import { createEngine } from 'shoal/node';

const [file, question] = process.argv.slice(2);
const engine = await createEngine({ file });
const messages = [{ role: 'user', content: question }];
for await (const chunk of await engine.chat.completions.create({ messages, max_tokens: 200, stream: true }))
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
await engine.unload();
