import type { Metadata } from '../core/metadata.ts';
import { byteLevelBytes, byteLevelEncoder, type TextEncode } from './byte-level.ts';
import { type ChatMessage, ChatTemplate, type RenderOptions } from './chat-template.ts';
import { Detokenizer } from './detokenizer.ts';
import { sentencePieceBytes, sentencePieceEncoder } from './sentence-piece.ts';
import { isControl, SpecialTokens } from './special-tokens.ts';
import { readVocabulary, TokenType, type Vocabulary } from './vocabulary.ts';

export interface EncodeOptions {
  /** Whether the texts of control tokens, e.g. `<|im_end|>`, mean the tokens; default false. */
  readonly parseSpecial?: boolean;
  /** Whether the beginning and end tokens are added where the model wants them; default true. */
  readonly addSpecial?: boolean;
}

export interface DecodeOptions {
  /** Whether control tokens are left out; default false. */
  readonly skipSpecial?: boolean;
}

const NO_BYTES = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Text to token ids and back, and a conversation to text, as one model file says. */
export class Tokenizer {
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  /** A generation is over at any of these. */
  readonly eogIds: ReadonlySet<number>;
  readonly #vocabulary: Vocabulary;
  readonly #special: SpecialTokens;
  readonly #encodeText: TextEncode;
  readonly #template: ChatTemplate;
  readonly #bytes: (Uint8Array | undefined)[] = [];

  /** @throws ShoalError `bad-gguf` when the file has no tokenizer that is supported */
  static fromMetadata(metadata: Metadata): Tokenizer {
    const template = metadata.get('tokenizer.chat_template');
    return new Tokenizer(readVocabulary(metadata), typeof template === 'string' ? template : undefined);
  }

  private constructor(vocabulary: Vocabulary, template: string | undefined) {
    const { tokens, kind, bosId, eosId, unknownId } = vocabulary;
    // What the encoder has made its own of is not kept twice.
    this.#vocabulary = { ...vocabulary, merges: [], scores: [] };
    this.bosId = bosId;
    this.eosId = eosId;
    this.eogIds = vocabulary.eogIds;
    this.#special = new SpecialTokens(vocabulary);
    const ids = new Map(tokens.map((token, id) => [token, id]));
    this.#encodeText = (kind === 'gpt2' ? byteLevelEncoder : sentencePieceEncoder)(vocabulary, ids);
    const named = { bos_token: bosId, eos_token: eosId, unk_token: unknownId };
    this.#template = new ChatTemplate(
      template,
      Object.fromEntries(Object.entries(named).map(([name, id]) => [name, id === undefined ? '' : tokens[id]!])),
    );
  }

  /** V: ids are below this. */
  get size(): number {
    return this.#vocabulary.tokens.length;
  }

  encode(text: string, { parseSpecial = false, addSpecial = true }: EncodeOptions = {}): number[] {
    const { addBos, addEos, addSpacePrefix, kind, bosId, eosId } = this.#vocabulary;
    const ids: number[] = [];
    let afterSpecial = true;
    for (const fragment of this.#special.split(text, parseSpecial)) {
      if (typeof fragment === 'number') ids.push(fragment);
      else {
        const prefix = kind === 'llama' && addSpacePrefix && afterSpecial ? ' ' : '';
        for (const id of this.#encodeText(prefix + fragment)) ids.push(id);
      }
      afterSpecial = typeof fragment === 'number';
    }
    // A chat template may have written the token itself; twice would be read as an empty text before this one.
    if (addSpecial && addBos && bosId !== undefined && ids[0] !== bosId) ids.unshift(bosId);
    if (addSpecial && addEos && eosId !== undefined && ids.at(-1) !== eosId) ids.push(eosId);
    return ids;
  }

  /** The whole text of `ids`: without the space that `encode` puts before a text, where it puts one. */
  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const detokenizer = this.detokenizer(options);
    const text = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
    const { kind, addSpacePrefix } = this.#vocabulary;
    return kind === 'llama' && addSpacePrefix && text.startsWith(' ') ? text.slice(1) : text;
  }

  /** Text of tokens that come one by one and go on from what was before: nothing is stripped. */
  detokenizer({ skipSpecial = false }: DecodeOptions = {}): Detokenizer {
    return new Detokenizer((id) => (skipSpecial && isControl(this.#vocabulary.types[id]) ? NO_BYTES : this.bytes(id)));
  }

  /** The bytes that a token stands for, part of a character perhaps; none for one that is unused or out of range. */
  bytes(id: number): Uint8Array {
    this.#bytes[id] ??= this.#readBytes(id);
    return this.#bytes[id];
  }

  /**
   * A conversation as the text that the model was trained on; encode it with `parseSpecial`.
   * @throws ShoalError `bad-request` when the model's template refuses the messages
   */
  renderChat(messages: readonly ChatMessage[], options: RenderOptions): string {
    return this.#template.render(messages, options);
  }

  #readBytes(id: number): Uint8Array {
    const { tokens, types, kind } = this.#vocabulary;
    const token = tokens[id];
    const type = types[id];
    if (token === undefined || type === undefined || type === TokenType.unused) return NO_BYTES;
    if (isControl(type) || type === TokenType.userDefined) return utf8.encode(token);
    return kind === 'gpt2' ? byteLevelBytes(token) : sentencePieceBytes(token, type);
  }
}
