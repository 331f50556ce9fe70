import { open } from 'node:fs/promises';
import type { Metadata } from '../../src/core/metadata.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { Tokenizer } from '../../src/tokenizer/index.ts';

const FILE = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';

/** The default model's metadata; the test run has fetched the file. */
export function defaultMetadata(): Promise<Metadata> {
  return metadataOf(FILE);
}

export async function metadataOf(path: string): Promise<Metadata> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, offset);
      return bytes;
    };
    return (await readGguf({ sizeBytes: size, read }, path)).metadata;
  } finally {
    await file.close();
  }
}

export async function defaultTokenizer(): Promise<Tokenizer> {
  return Tokenizer.fromMetadata(await defaultMetadata());
}
