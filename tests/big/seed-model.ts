import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { floatToHalf } from '../../src/core/half.ts';
import { blobSource } from '../../src/gguf/gguf-file.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { TENSOR_TYPES, tensorBytes } from '../../src/gguf/tensor-types.ts';
import { encodeEntry, encodeHeader, padded, type TensorHeader } from '../../src/gguf/write.ts';
import { seededRandom } from '../fixtures/random.ts';

const ALIGNMENT = 32;
/** The model that Shoal was made for: 32 layers, four shards of 354 to 488 MB. */
const SHAPE = { layers: 32, width: 2560, feedForwardWidth: 8192, heads: 20, kvHeads: 4, headSize: 128, context: 4096 };
/** Quants come from a pool of random bytes, from another place in it for each matrix. */
const POOL_BYTES = 8 * 1024 * 1024;
/** What is written at once: whole blocks of both types. */
const STEP_BLOCKS = 32_768;

/** Makes the model unless it is there: seeded random Q4_0 weights, with the tokenizer of another model. */
export async function ensureSeedModel(file: string, tokenizerFrom: Blob): Promise<void> {
  if (existsSync(file)) return;
  const donor = await readGguf(blobSource(tokenizerFrom), 'tokenizer');
  const tokenizer = [...donor.rawMetadata].filter(([key]) => key.startsWith('tokenizer.')).map(([, entry]) => entry);
  const vocabulary = (donor.metadata.get('tokenizer.ggml.tokens') as readonly string[]).length;
  const tensors = tensorsOf(vocabulary);
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.part`;
  const handle = await open(partial, 'w');
  try {
    await handle.writeFile(encodeHeader([...hyperparameters(vocabulary), ...tokenizer], tensors, ALIGNMENT));
    const pool = randomBytes(POOL_BYTES);
    for (const [index, tensor] of tensors.entries())
      for (const part of tensorParts(tensor, pool, index)) await handle.writeFile(part);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

function hyperparameters(vocabulary: number): Uint8Array[] {
  const { layers, width, feedForwardWidth, heads, kvHeads, headSize, context } = SHAPE;
  return [
    encodeEntry('general.architecture', 'string', 'llama'),
    encodeEntry('general.name', 'string', 'Seed size'),
    encodeEntry('llama.block_count', 'u32', layers),
    encodeEntry('llama.context_length', 'u32', context),
    encodeEntry('llama.embedding_length', 'u32', width),
    encodeEntry('llama.feed_forward_length', 'u32', feedForwardWidth),
    encodeEntry('llama.attention.head_count', 'u32', heads),
    encodeEntry('llama.attention.head_count_kv', 'u32', kvHeads),
    encodeEntry('llama.attention.key_length', 'u32', headSize),
    encodeEntry('llama.attention.value_length', 'u32', headSize),
    encodeEntry('llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5),
    encodeEntry('llama.rope.freq_base', 'f32', 10_000),
    encodeEntry('llama.rope.dimension_count', 'u32', headSize),
    encodeEntry('llama.vocab_size', 'u32', vocabulary),
  ];
}

function tensorsOf(vocabulary: number): TensorHeader[] {
  const { layers, width, feedForwardWidth, heads, kvHeads, headSize } = SHAPE;
  const matrix = (name: string, columns: number, rows: number, type: 'Q4_0' | 'Q8_0' = 'Q4_0'): TensorHeader => ({
    name,
    type,
    shape: [columns, rows],
  });
  const norm = (name: string): TensorHeader => ({ name, type: 'F32', shape: [width] });
  const layer = (index: number) => [
    norm(`blk.${index}.attn_norm.weight`),
    norm(`blk.${index}.ffn_norm.weight`),
    matrix(`blk.${index}.attn_q.weight`, width, heads * headSize),
    matrix(`blk.${index}.attn_k.weight`, width, kvHeads * headSize),
    matrix(`blk.${index}.attn_v.weight`, width, kvHeads * headSize),
    matrix(`blk.${index}.attn_output.weight`, heads * headSize, width),
    matrix(`blk.${index}.ffn_gate.weight`, width, feedForwardWidth),
    matrix(`blk.${index}.ffn_up.weight`, width, feedForwardWidth),
    matrix(`blk.${index}.ffn_down.weight`, feedForwardWidth, width),
  ];
  return [
    matrix('token_embd.weight', width, vocabulary, 'Q8_0'),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    norm('output_norm.weight'),
    matrix('output.weight', width, vocabulary, 'Q8_0'),
  ];
}

/** A tensor's bytes, with the padding behind them. */
function* tensorParts({ name, type, shape }: TensorHeader, pool: Uint8Array, index: number): Generator<Uint8Array> {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  const sizeBytes = tensorBytes(type, count);
  if (type === 'F32') yield new Uint8Array(new Float32Array(count).fill(1).buffer);
  else {
    const { blockSize, blockBytes } = TENSOR_TYPES[type];
    // Values of a deviation of 1 in the embedding, of 1 / sqrt(columns) elsewhere; 4.6 and 73 are the quants' own.
    const deviation = name === 'token_embd.weight' ? 1 : shape[0]! ** -0.5;
    const half = Uint16Array.of(floatToHalf(deviation / (type === 'Q4_0' ? 4.6 : 73)));
    const scale = new Uint8Array(half.buffer);
    let at = (index * 7919 * blockBytes) % (pool.length - STEP_BLOCKS * blockBytes);
    for (let block = 0; block < count / blockSize; block += STEP_BLOCKS) {
      const blocks = Math.min(STEP_BLOCKS, count / blockSize - block);
      const part = pool.slice(at, at + blocks * blockBytes);
      for (let first = 0; first < part.length; first += blockBytes) part.set(scale, first);
      yield part;
      at = (at + 104_729 * blockBytes) % (pool.length - STEP_BLOCKS * blockBytes);
    }
  }
  yield new Uint8Array(padded(sizeBytes, ALIGNMENT) - sizeBytes);
}

function randomBytes(length: number): Uint8Array {
  const random = seededRandom(7);
  const words = Uint32Array.from({ length: length / 4 }, () => random() * 2 ** 32);
  return new Uint8Array(words.buffer);
}
