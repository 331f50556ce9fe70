import type { ChatMessage } from './chat-template.ts';
import type { RenderedPrompt } from './content-marks.ts';
import type { SamplingDefaults } from './sampling-defaults.ts';
import type { TokenTable } from './token-table.ts';
import type { ChatOptions, Tokenizer } from './tokenizer.ts';
import type { ToolFormat } from './tool-format.ts';

/** What a model is to read. */
export type Prompt =
  | {
      /** Its marks count. */
      readonly kind: 'text';
      readonly text: string;
    }
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[]; readonly options: ChatOptions };

/** How long a prompt is. */
export interface PromptSize {
  readonly tokens: number;
  /** Otherwise it has more, and nobody has counted them. */
  readonly exact: boolean;
}

/**
 * Text in and out of a model. Making a prompt is for another thread than the page's, which carries other people's
 * frames; the tokens of an answer become text at hand, one by one.
 */
export interface ModelText {
  readonly tokens: TokenTable;
  readonly sampling: SamplingDefaults;
  /** How the model calls functions. */
  readonly toolFormat: ToolFormat;
  /**
   * A prompt's tokens, unless they are more than could be of use.
   * @param enough - tokens from which on they are none
   * @returns the ids; only a size for a prompt that has `enough` for certain, which was not tokenized then
   * @throws ShoalError `bad-request` and `bad-gguf` as the chat template, `timeout`
   */
  encode(prompt: Prompt, enough: number): Promise<readonly number[] | PromptSize>;
}

/** Whether a prompt was told by its size only. */
export function isSize(encoded: readonly number[] | PromptSize): encoded is PromptSize {
  return !Array.isArray(encoded);
}

/** How long a prompt is, tokenized or not. */
export function sizeOf(encoded: readonly number[] | PromptSize): PromptSize {
  return isSize(encoded) ? encoded : { tokens: encoded.length, exact: true };
}

/**
 * A size that shows `enough` tokens without tokenizing; undefined where it must be done. Of contents only those count
 * that every template writes, without the spaces around them.
 */
export function surelyEnough(tokens: TokenTable, prompt: Prompt, enough: number): PromptSize | undefined {
  const texts =
    prompt.kind === 'text'
      ? [prompt.text]
      : prompt.messages.filter(({ role }) => role !== 'assistant').map(({ content }) => content.trim());
  let fewest = 0;
  for (const text of texts) {
    fewest += tokens.fewestTokens(text, enough);
    if (fewest >= enough) return { tokens: fewest, exact: false };
  }
  return undefined;
}

/** The first step, of a chat: its template. @throws ShoalError as `Tokenizer.renderChat` */
export function renderPrompt(tokenizer: Tokenizer, prompt: Prompt): RenderedPrompt {
  return prompt.kind === 'text'
    ? { text: prompt.text, signs: [] }
    : tokenizer.renderChat(prompt.messages, prompt.options);
}

/** The second step. */
export function encodeRendered(tokenizer: Tokenizer, rendered: RenderedPrompt): number[] {
  return rendered.signs.length === 0
    ? tokenizer.encode(rendered.text, { parseSpecial: true })
    : tokenizer.encodeRendered(rendered);
}

/** In the thread that calls: for tests, and for the tokenizer's worker to be compared with. */
export class LocalModelText implements ModelText {
  readonly tokens: Tokenizer;

  constructor(tokenizer: Tokenizer) {
    this.tokens = tokenizer;
  }

  get sampling(): SamplingDefaults {
    return this.tokens.sampling;
  }

  get toolFormat(): ToolFormat {
    return this.tokens.toolFormat;
  }

  async encode(prompt: Prompt, enough: number): Promise<readonly number[] | PromptSize> {
    return surelyEnough(this.tokens, prompt, enough) ?? encodeRendered(this.tokens, renderPrompt(this.tokens, prompt));
  }
}
