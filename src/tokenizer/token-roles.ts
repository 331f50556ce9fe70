import { TokenType } from './token-types.ts';

/**
 * Texts of tokens that end a turn or a document, in the chat formats of open models: files name one end token, and
 * their models use several. Source: llama.cpp's list, `llama_vocab::impl::load`.
 */
const END_TEXTS = new Set([
  '</s>',
  '<eos>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|calls|>',
  '<|flush|>',
  '<end_of_turn>',
  '<turn|>',
  '<|tool_response>',
  '<end_of_utterance>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '[e~[',
  '<｜end▁of▁sentence｜>',
  // Code models that fill a gap are done where they pad, or begin another file.
  '<|fim_pad|>',
  '<fim-pad>',
  '<fim_pad>',
  '<PAD>',
  '[PAD]',
  '<|fim_repo|>',
  '<|repo_name|>',
  '<fim-repo>',
  '<REPO>',
  '<reponame>',
  '<|file_sep|>',
]);

/** Token ids in a file's metadata that end a generation, without `tokenizer.ggml.` and `_token_id`. */
export const END_ROLES = ['eos', 'eot', 'eom', 'fim_pad', 'fim_rep', 'fim_sep'] as const;

/** Formats, told by some of their marks, in which one of `END_TEXTS` ends no generation. Source as above. */
const EXCEPTIONS: readonly { readonly marks: readonly string[]; readonly text: string; readonly type: number }[] = [
  // Harmony, of gpt-oss: the answer goes on in another channel.
  { marks: ['<|return|>', '<|call|>'], text: '<|end|>', type: TokenType.userDefined },
  // Solar Open.
  { marks: ['<|flush|>', '<|calls|>'], text: '<|end|>', type: TokenType.userDefined },
  { marks: ['<|flush|>', '<|call|>'], text: '<|end|>', type: TokenType.userDefined },
  // Gemma 4: HTML.
  { marks: ['<|tool_response>'], text: '</s>', type: TokenType.normal },
];

/** Harmony's marks within an answer: unless they are shown, its channels run into each other. */
const SHOWN_TEXTS: ReadonlySet<string> = new Set(['<|start|>', '<|channel|>', '<|message|>', '<|constrain|>']);

/** What the texts of tokens say, whatever their file says of them. */
export interface TokenRoles {
  /** Tokens after which a model has nothing more to say: those the file names and those of a known text. */
  readonly endIds: ReadonlySet<number>;
  /** Of `TokenType`, by id. Many files call their end tokens ordinary text; no prompt could hold them then. */
  readonly types: ReadonlyMap<number, number>;
}

/** @param named - the ids that the file names as ends */
export function findTokenRoles(tokens: readonly string[], named: readonly number[]): TokenRoles {
  const present = new Set(tokens.filter((token) => END_TEXTS.has(token)));
  const exceptions = new Map(
    EXCEPTIONS.filter(({ marks }) => marks.every((mark) => present.has(mark))).map(({ text, type }) => [text, type]),
  );
  const endIds = new Set(named);
  const types = new Map(named.map((id): [number, number] => [id, TokenType.control]));
  for (const [id, token] of tokens.entries()) {
    const exception = exceptions.get(token);
    if (exception !== undefined) {
      endIds.delete(id);
      types.set(id, exception);
    } else if (END_TEXTS.has(token)) {
      endIds.add(id);
      types.set(id, TokenType.control);
    } else if (SHOWN_TEXTS.has(token)) types.set(id, TokenType.userDefined);
  }
  return { endIds, types };
}
