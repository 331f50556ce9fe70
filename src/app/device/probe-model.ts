import { type TensorTypeName, tensorBytes } from '../../gguf/tensor-types.ts';
import { encodeEntry, encodeHeader, padded, type TensorHeader } from '../../gguf/write.ts';
import { layerTensorName } from '../../model/architecture.ts';
import { findArchitecture } from '../../model/architectures.ts';
import { tensorsOf } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { ShardReader } from '../../store/shard-store.ts';

/** Sizes of layers to measure a device with. C and F are multiples of 256, as Q4_K has them. */
export interface ProbeSizes {
  readonly layers: number;
  /** C */
  readonly width: number;
  /** F */
  readonly feedForwardWidth: number;
  /** H, of 64 dimensions each */
  readonly headCount: number;
  readonly kvHeadCount: number;
}

/** Layers that belong to no model, made here: the same on every device. */
export interface ProbeModel {
  readonly hyperparameters: Hyperparameters;
  readonly reader: ShardReader;
  /** Of one layer's matrices. */
  readonly layerBytes: number;
  /** Multiplications of one layer for one position, without attention. */
  readonly layerMacs: number;
}

/** Q4_K: the most common type of the models that people have. */
const TYPE: TensorTypeName = 'Q4_K';
const BLOCK_BYTES = 144;
const ALIGNMENT = 32;
/** Half floats: a scale and a minimum that make weights of about ±0.03, as trained ones are. */
const [SCALE, MINIMUM] = [0x0c00, 0x1780];
/** Neither first nor last: an embedding or output matrix would be most of the probe. */
const FIRST_LAYER = 1;

/** Makes layers of these sizes with pseudo-random weights. */
export function makeProbeModel({ layers, width, feedForwardWidth, headCount, kvHeadCount }: ProbeSizes): ProbeModel {
  const hyperparameters: Hyperparameters = {
    architecture: 'llama',
    layerCount: layers + 2,
    width,
    feedForwardWidth,
    headCount,
    kvHeadCount,
    headSize: 64,
    vocabularySize: 256,
    contextLength: 512,
    ropeBase: 10_000,
    ropeDimensions: 64,
    ropeScale: 1,
    rmsEpsilon: 2 ** -17,
  };
  const uses = Array.from({ length: layers }, (_, index) =>
    tensorsOf(findArchitecture('llama', 'probe').layer(hyperparameters, FIRST_LAYER + index)).map(
      (use): TensorHeader => ({
        name: layerTensorName(FIRST_LAYER + index, use),
        shape: use.shape,
        type: use.shape.length === 1 ? 'F32' : TYPE,
      }),
    ),
  ).flat();
  const header = encodeHeader(headerEntries(hyperparameters), uses, ALIGNMENT);
  const sizes = uses.map(({ type, shape }) => tensorBytes(type, elementsOf(shape)));
  const bytes = new Uint8Array(header.length + sizes.reduce((sum, size) => sum + padded(size, ALIGNMENT), 0));
  bytes.set(header);
  const blocks = randomBlocks();
  let at = header.length;
  for (const [index, { type }] of uses.entries()) {
    const size = sizes[index]!;
    if (type === TYPE)
      for (let done = 0; done < size; done += blocks.length) bytes.set(blocks.subarray(0, size - done), at + done);
    else new Float32Array(bytes.buffer, at, size / 4).fill(1);
    at += padded(size, ALIGNMENT);
  }
  const matrices = uses.filter(({ type }) => type === TYPE);
  const perLayer = (sum: number) => sum / layers;
  return {
    hyperparameters,
    layerBytes: perLayer(matrices.reduce((sum, { shape }) => sum + tensorBytes(TYPE, elementsOf(shape)), 0)),
    layerMacs: perLayer(matrices.reduce((sum, { shape }) => sum + elementsOf(shape), 0)),
    reader: {
      shard: {
        index: 0,
        fileName: 'shard-0.gguf',
        sizeBytes: bytes.length,
        sha256: '0'.repeat(64),
        infoHash: '0'.repeat(40),
        headerBytes: header.length,
        layers: { start: FIRST_LAYER, end: FIRST_LAYER + layers },
        hasEmbedding: false,
        hasOutput: false,
      },
      read: async (offset, length) => bytes.slice(offset, offset + length),
    },
  };
}

/** Rows `[count, C]` that go into the probe, the same everywhere. */
export function probeRows({ width }: Hyperparameters, count: number): Float32Array {
  return Float32Array.from({ length: count * width }, (_, index) => Math.sin(1 + index * 0.7) * 0.5);
}

/** Blocks of Q4_K whose scales are alike, as many as repeat seldom. */
function randomBlocks(): Uint8Array {
  const blocks = new Uint8Array(BLOCK_BYTES * 4099);
  const words = new Uint32Array(blocks.buffer, 0, blocks.length >> 2);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    // Xorshift: Marsaglia 2003, https://doi.org/10.18637/jss.v008.i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  const view = new DataView(blocks.buffer);
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    view.setUint16(at, SCALE, true);
    view.setUint16(at + 2, MINIMUM, true);
  }
  return blocks;
}

function headerEntries(model: Hyperparameters): Uint8Array[] {
  const counts: Readonly<Record<string, number>> = {
    block_count: model.layerCount,
    context_length: model.contextLength,
    embedding_length: model.width,
    feed_forward_length: model.feedForwardWidth,
    'attention.head_count': model.headCount,
    'attention.head_count_kv': model.kvHeadCount,
    'attention.key_length': model.headSize,
    'attention.value_length': model.headSize,
    'rope.dimension_count': model.ropeDimensions,
    vocab_size: model.vocabularySize,
  };
  return [
    encodeEntry('general.architecture', 'string', model.architecture),
    ...Object.entries(counts).map(([key, value]) => encodeEntry(`llama.${key}`, 'u32', value)),
    encodeEntry('llama.attention.layer_norm_rms_epsilon', 'f32', model.rmsEpsilon),
    encodeEntry('llama.rope.freq_base', 'f32', model.ropeBase),
  ];
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
