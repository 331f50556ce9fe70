import { ShoalError } from '../../core/errors.ts';
import type { GgufSource } from '../../gguf/gguf-file.ts';
import { readGguf } from '../../gguf/read.ts';
import { Tokenizer } from '../../tokenizer/tokenizer.ts';

/**
 * Whether tabs will be able to prompt with a model file, told before anything is split.
 * @param onNotice - told what will not work, where the rest will
 * @throws ShoalError as `readGguf`, and `bad-gguf` naming the file when it has no tokenizer that is supported
 */
export async function checkPromptable(
  source: GgufSource,
  fileName: string,
  onNotice: (text: string) => void,
): Promise<void> {
  const { metadata } = await readGguf(source, fileName);
  // What is no whole model at all is told by the check of the whole.
  if (Number(metadata.get('split.count') ?? 1) > 1) return;
  let tokenizer: Tokenizer;
  try {
    tokenizer = Tokenizer.fromMetadata(metadata);
  } catch (cause) {
    const { code, message } = ShoalError.from(cause);
    throw new ShoalError(code, `${fileName}: ${message} No tab could prompt with it.`, { cause });
  }
  try {
    tokenizer.checkTemplate();
  } catch (error) {
    onNotice(`${fileName}: ${ShoalError.from(error).message} Chat will be refused.`);
  }
}
