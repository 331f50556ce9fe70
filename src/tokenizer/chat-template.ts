import { Template } from '@huggingface/jinja';
import { ShoalError } from '../core/errors.ts';

/** One message of a conversation, as chat templates name its parts. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
}

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
  /** JSON-schema descriptions of functions, for templates that know tools. */
  readonly tools?: readonly unknown[];
  /** Further variables that a template knows, e.g. `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Used where a file has no template: ChatML, which most open chat models know. */
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** A model's chat format: a Jinja template with trimmed blocks, as Hugging Face's tools render it. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #tokens: Readonly<Record<string, string>>;

  /**
   * @param source - `tokenizer.chat_template`; ChatML where the file has none
   * @param tokens - `bos_token`, `eos_token` and so on, which templates name
   * @throws ShoalError `bad-gguf` when the template is no Jinja
   */
  constructor(source: string | undefined, tokens: Readonly<Record<string, string>>) {
    this.#tokens = tokens;
    try {
      this.#template = new Template(source ?? CHATML);
    } catch (cause) {
      throw new ShoalError('bad-gguf', `The model file's chat template cannot be read: ${messageOf(cause)}`, { cause });
    }
  }

  /** @throws ShoalError `bad-request` when the template refuses the messages, with the template's own words */
  render(messages: readonly ChatMessage[], { addGenerationPrompt, tools, variables }: RenderOptions): string {
    try {
      return this.#template.render({
        ...variables,
        ...this.#tokens,
        messages,
        add_generation_prompt: addGenerationPrompt,
        // Templates ask `tools is not none`: undefined would count as given.
        tools: tools ?? null,
        documents: null,
      });
    } catch (cause) {
      throw new ShoalError('bad-request', `The model's chat template refuses these messages: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
