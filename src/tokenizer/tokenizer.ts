import { ShoalError } from '../core/errors.ts';
import type { Metadata } from '../core/metadata.ts';
import { byteLevelBytes, byteLevelEncoder, type TextEncode } from './byte-level.ts';
import { type ChatMessage, ChatTemplate, type RenderOptions } from './chat-template.ts';
import { type RenderedPrompt, renderApart, withoutSigns } from './content-marks.ts';
import { metaspaceEncoder } from './metaspace.ts';
import { readSampling, type SamplingDefaults } from './sampling-defaults.ts';
import { sentencePieceBytes, sentencePieceEncoder } from './sentence-piece.ts';
import { type Fragments, SpecialTokens } from './special-tokens.ts';
import { CHANNEL, splitThoughts } from './thought-reader.ts';
import { packTokens, TokenTable } from './token-table.ts';
import { isControl, TokenType } from './token-types.ts';
import { TOOL_MARKS, type ToolFormat, toolFormatOf } from './tool-format.ts';
import { readVocabulary, type TokenizerKind, type Vocabulary } from './vocabulary.ts';

export interface EncodeOptions {
  /** Whether the texts of control tokens, e.g. `<|im_end|>`, mean the tokens; default false. */
  readonly parseSpecial?: boolean;
  /** Whether the beginning and end tokens are added where the model wants them; default true. */
  readonly addSpecial?: boolean;
}

/** What a chat prompt may say besides the messages. */
export type ChatOptions = Omit<RenderOptions, 'addGenerationPrompt'>;

const ENCODERS: Readonly<
  Record<TokenizerKind, (vocabulary: Vocabulary, ids: ReadonlyMap<string, number>) => TextEncode>
> = {
  bytes: byteLevelEncoder,
  metaspace: metaspaceEncoder,
  'sentence-piece': sentencePieceEncoder,
};
const NO_BYTES = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Text to token ids and back, and a conversation to a prompt, as one model file says. */
export class Tokenizer extends TokenTable {
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly sampling: SamplingDefaults;
  readonly toolFormat: ToolFormat;
  readonly #facts: Omit<Vocabulary, 'tokens' | 'merges' | 'scores'>;
  readonly #special: SpecialTokens;
  readonly #encodeText: TextEncode;
  readonly #template: ChatTemplate | undefined;

  /**
   * @param modelName - as the manifest has it
   * @throws ShoalError `bad-gguf` when the file has no tokenizer that is supported
   */
  static fromMetadata(metadata: Metadata, modelName = ''): Tokenizer {
    return new Tokenizer(readVocabulary(metadata), findTemplate(metadata), readSampling(metadata, modelName));
  }

  private constructor(vocabulary: Vocabulary, template: string | undefined, sampling: SamplingDefaults) {
    const { tokens, merges: _, scores: __, ...facts } = vocabulary;
    const { kind, types, bosId, eosId, unknownId } = facts;
    super(
      packTokens(
        tokens.map((token, id) => readBytes(token, types[id], kind)),
        {
          hidden: types.map((type, id) => (isControl(type) && !TOOL_MARKS.has(tokens[id] ?? '') ? 1 : 0)),
          eogIds: [...facts.eogIds],
          addsSpace: facts.addSpacePrefix,
        },
      ),
    );
    this.#facts = facts;
    this.sampling = sampling;
    this.toolFormat = toolFormatOf(template);
    this.bosId = bosId;
    this.eosId = eosId;
    this.#special = new SpecialTokens(vocabulary);
    const ids = new Map(tokens.map((token, id) => [token, id]));
    this.#encodeText = ENCODERS[kind](vocabulary, ids);
    const named = { bos_token: bosId, eos_token: eosId, unk_token: unknownId };
    const texts = Object.entries(named).map(([name, id]) => [name, id === undefined ? '' : tokens[id]!]);
    this.#template = template === undefined ? undefined : new ChatTemplate(template, Object.fromEntries(texts));
  }

  encode(text: string, { parseSpecial = false, addSpecial = true }: EncodeOptions = {}): number[] {
    return this.#encodeFragments(this.#special.split(text, parseSpecial ? 'all' : 'pieces'), addSpecial);
  }

  /**
   * A conversation as the text that the model was trained on, up to where the answer begins or goes on; `encodeRendered`
   * makes tokens of it. The template's marks become tokens, those in contents stay text.
   * @throws ShoalError `bad-request` when the model's template refuses the messages, `bad-gguf` when there is none or
   * it cannot be used
   */
  renderChat(messages: readonly ChatMessage[], options: ChatOptions = {}): RenderedPrompt {
    const { marks } = this.#special;
    const said = marks.includes(CHANNEL) ? messages.map(withFinalChannel) : messages;
    return renderApart(this.#chatTemplate(), said, options, marks);
  }

  encodeRendered({ text, signs }: RenderedPrompt): number[] {
    const fragments = this.#special
      .split(text, 'marks')
      .flatMap((fragment) =>
        typeof fragment === 'number' ? fragment : this.#special.split(withoutSigns(fragment, signs), 'pieces'),
      );
    return this.#encodeFragments(fragments, true);
  }

  /** @throws ShoalError `bad-gguf` when the file has no chat template, or one that cannot be read */
  checkTemplate(): void {
    this.#chatTemplate().check();
  }

  /** Another model's format would be a guess, and its marks mere text to this one. */
  #chatTemplate(): ChatTemplate {
    if (this.#template) return this.#template;
    throw new ShoalError(
      'bad-gguf',
      'The model file has no chat template. Text completions work without it; "--chat-template", where the model is split or served, names one.',
    );
  }

  #encodeFragments(fragments: Fragments, addSpecial: boolean): number[] {
    const { addBos, addEos, addSpacePrefix, bosId, eosId } = this.#facts;
    const ids: number[] = [];
    let afterSpecial = true;
    for (const fragment of fragments) {
      if (typeof fragment === 'number') ids.push(fragment);
      else {
        const prefix = addSpacePrefix && afterSpecial ? ' ' : '';
        for (const id of this.#encodeText(prefix + fragment.toWellFormed())) ids.push(id);
      }
      afterSpecial = typeof fragment === 'number';
    }
    // A chat template may have written the token itself; twice would be read as an empty text before this one.
    if (addSpecial && addBos && bosId !== undefined && ids[0] !== bosId) ids.unshift(bosId);
    if (addSpecial && addEos && eosId !== undefined && ids.at(-1) !== eosId) ids.push(eosId);
    return ids;
  }
}

/** The template of the file, or of several the one that it calls the default. */
function findTemplate(metadata: Metadata): string | undefined {
  const found = ['', '.default'].map((name) => metadata.get(`tokenizer.chat_template${name}`));
  return found.find((template) => typeof template === 'string');
}

function readBytes(token: string, type: number | undefined, kind: Vocabulary['kind']): Uint8Array {
  if (type === undefined || type === TokenType.unused) return NO_BYTES;
  if (isControl(type) || type === TokenType.userDefined) return utf8.encode(token);
  return kind === 'bytes' ? byteLevelBytes(token) : sentencePieceBytes(token, type);
}

/** An earlier answer as people read it: gpt-oss' template refuses one that has its channels. The last one goes on. */
function withFinalChannel(message: ChatMessage, index: number, messages: readonly ChatMessage[]): ChatMessage {
  if (message.role !== 'assistant' || index === messages.length - 1) return message;
  return { ...message, content: splitThoughts(message.content, { tags: false })?.answer ?? message.content };
}
