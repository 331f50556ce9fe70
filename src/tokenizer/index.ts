/**
 * Text in and out of a model, from the metadata of its file.
 *
 *     const tokenizer = Tokenizer.fromMetadata(metadata);
 *     const prompt = tokenizer.renderChat([{ role: 'user', content: 'Hello!' }]);
 *     const ids = tokenizer.encodeRendered(prompt);
 */
export type { ChatMessage, ToolCall } from './chat-template.ts';
export { LocalModelText, type ModelText, type Prompt, type PromptSize } from './model-text.ts';
export type { SamplingDefaults } from './sampling-defaults.ts';
export type { TokenTable } from './token-table.ts';
export { Tokenizer } from './tokenizer.ts';
export type { ToolFormat } from './tool-format.ts';
