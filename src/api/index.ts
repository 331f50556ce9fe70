/**
 * What apps and scripts use of Shoal: WebLLM's engine over a swarm, and `window.shoal`.
 *
 *     const engine = new ShoalEngine({ generator, text, modelId: () => 'SmolLM2', contextLength: () => 8192 });
 *     const chunks = await engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hello!' }], stream: true });
 *     for await (const chunk of chunks) console.log(chunk.choices[0]?.delta.content);
 */
export type { ShoalConsole } from './console.ts';
export { type EngineOptions, ShoalEngine } from './engine.ts';
export type { AnswerSoFar, Keeping } from './run.ts';
