/**
 * Texts of tokens that end a turn or a document, in the chat formats of open models: files name one end token, and
 * their models use several. Source: llama.cpp's list.
 */
const END_TEXTS = new Set([
  '</s>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<|return|>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<EOT>',
  '[EOT]',
  '[EOS]',
  '<｜end▁of▁sentence｜>',
]);

/** Ids of the tokens that end a generation: those the file names and those of a known text. */
export function findEndOfGeneration(
  tokens: readonly string[],
  named: readonly (number | undefined)[],
): ReadonlySet<number> {
  const ids = new Set(named.filter((id) => id !== undefined));
  for (const [id, token] of tokens.entries()) if (END_TEXTS.has(token)) ids.add(id);
  return ids;
}
