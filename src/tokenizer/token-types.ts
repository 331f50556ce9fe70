/** `tokenizer.ggml.token_type`. Source: the GGUF specification. */
export const TokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Whether a token is a mark for the model and no text for people. */
export function isControl(type: number | undefined): boolean {
  return type === TokenType.control || type === TokenType.unknown;
}
