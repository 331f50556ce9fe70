/**
 * Text in and out of a model, from the metadata of its file.
 *
 *     const tokenizer = Tokenizer.fromMetadata(metadata);
 *     const prompt = tokenizer.renderChat([{ role: 'user', content: 'Hello!' }], { addGenerationPrompt: true });
 *     const ids = tokenizer.encode(prompt, { parseSpecial: true });
 */
export type { ChatMessage } from './chat-template.ts';
export { Tokenizer } from './tokenizer.ts';
