import { Template } from '@huggingface/jinja';
import { ShoalError } from '../core/errors.ts';

/** One message of a conversation, as chat templates name its parts. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
  /** What the assistant said to itself before; templates of models that want to be reminded read it. */
  readonly reasoning_content?: string;
  /** Of the assistant. */
  readonly tool_calls?: readonly ToolCall[];
  /** Of a tool: whose result it is. */
  readonly tool_call_id?: string;
}

/** A call of a function, as templates know it. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
}

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
  /** JSON-schema descriptions of functions, for templates that know tools. */
  readonly tools?: readonly unknown[];
  /** Further variables that a template knows, e.g. `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Characters of a template: the longest of today's models, with tools and dates, have 30,000. */
const MAX_TEMPLATE_CHARS = 131_072;
/** Spaces in a row: the parser takes time by their square. */
const MAX_SPACES = 4096;
/** What `range` counts: templates count messages. */
const MAX_RANGE = 100_000;
/** Characters that a template writes: several times the longest context. */
const MAX_TEXT_CHARS = 1 << 24;

/** Takes the place of the library's own `range`, which the variables may not. The newline is trimmed with the block. */
const BOUNDED = '{% set range = bounded_range %}\n';

/** A model's chat format: a Jinja template with trimmed blocks, as Hugging Face's tools render it. */
export class ChatTemplate {
  readonly #source: string;
  readonly #tokens: Readonly<Record<string, string>>;
  #template: Template | undefined;
  #knowsSystem: boolean | undefined;

  /**
   * @param source - `tokenizer.chat_template`
   * @param tokens - `bos_token`, `eos_token` and so on, which templates name
   */
  constructor(source: string, tokens: Readonly<Record<string, string>>) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /** Reads the template, which the first rendering does otherwise. @throws ShoalError `bad-gguf` when it is no Jinja */
  check(): void {
    this.#template ??= parse(this.#source);
  }

  /**
   * @throws ShoalError `bad-gguf` when the template cannot be read, `bad-request` when it refuses the messages, with the
   * template's own words
   */
  render(messages: readonly ChatMessage[], { addGenerationPrompt, tools, variables }: RenderOptions): string {
    this.check();
    let text: string;
    try {
      text = this.#template!.render({
        ...variables,
        ...this.#tokens,
        messages,
        add_generation_prompt: addGenerationPrompt,
        // Templates ask `tools is not none`: undefined would count as given.
        tools: tools ?? null,
        documents: null,
        bounded_range: boundedRange,
      });
    } catch (cause) {
      if (cause instanceof TemplateRefused) throw cause;
      throw new ShoalError('bad-request', `The model's chat template refuses these messages: ${messageOf(cause)}`, {
        cause,
      });
    }
    if (text.length > MAX_TEXT_CHARS)
      throw new TemplateRefused(`it writes ${text.length} characters, at most ${MAX_TEXT_CHARS} are possible`);
    return text;
  }

  /** Whether the template writes what a system message says; some refuse it, others leave it out. */
  get knowsSystem(): boolean {
    this.#knowsSystem ??= this.#tries(
      [
        { role: 'system', content: 'SYSTEM TEXT' },
        { role: 'user', content: 'USER TEXT' },
      ],
      'SYSTEM TEXT',
    );
    return this.#knowsSystem;
  }

  #tries(messages: readonly ChatMessage[], expected: string): boolean {
    try {
      return this.render(messages, { addGenerationPrompt: true }).includes(expected);
    } catch {
      return false;
    }
  }
}

/** The template itself cannot be used, whatever the messages. */
class TemplateRefused extends ShoalError {
  constructor(problem: string, options?: ErrorOptions) {
    super('bad-gguf', `The chat template cannot be used: ${problem}. Text completions work without it.`, options);
  }
}

function parse(source: string): Template {
  if (source.length > MAX_TEMPLATE_CHARS)
    throw new TemplateRefused(`it has ${source.length} characters, at most ${MAX_TEMPLATE_CHARS} are allowed`);
  if (new RegExp(`\\s{${MAX_SPACES}}`).test(source))
    throw new TemplateRefused(`it has ${MAX_SPACES} spaces in a row or more`);
  try {
    return new Template(BOUNDED + source);
  } catch (cause) {
    throw new TemplateRefused(`it cannot be read (${messageOf(cause)})`, { cause });
  }
}

/** Python's `range`, of a bounded length: the library's own makes a list of any. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = step === 0 ? Number.NaN : Math.max(0, Math.ceil((stop - start) / step));
  if (length <= MAX_RANGE) return Array.from({ length }, (_, index) => start + index * step);
  const words = [first, ...(second === undefined ? [] : [second, step])].join(', ');
  throw new TemplateRefused(`it asks for range(${words}), at most ${MAX_RANGE} numbers are possible`);
}

function messageOf(thrown: unknown): string {
  // What V8 says of a stack that is full.
  if (thrown instanceof RangeError && thrown.message.includes('call stack')) return 'A macro calls itself without end';
  return thrown instanceof Error ? thrown.message : String(thrown);
}
