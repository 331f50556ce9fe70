import type { Architecture } from './architecture.ts';
import type { ArchitectureMetadata } from './architecture-metadata.ts';
import { attentionHalf, DenseLayerBuilder, type DenseOptions, denseLayer, norm, stack, vector } from './dense-layer.ts';
import { readExperts } from './experts.ts';
import type { Operation } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { isLocal, readLocalLayers, readLocalPeriod, windowOf } from './local-layers.ts';
import { COMMON, UNSCALED } from './neutral.ts';
import { mainRotation } from './rotation.ts';

const KV_HEADS = 'attention.head_count_kv';
const OUTPUT_SCALE = 'layer_output_scale.weight';
/** Source: llama.cpp's default. */
const LOCAL_ROPE_BASE = 10_000;
/** Elements of a block that activations are rounded in. */
const BLOCK = 32;

/**
 * Gemma 4, dense and with experts beside the dense feed-forward: local layers have heads of their own size and number,
 * global ones keys that are values too, and each layer scales what leaves it.
 */
export const gemma4: Architecture = {
  name: 'gemma4',
  layer: (model, index, every) => {
    const options = optionsOf(model, index);
    const scaled = every || model.optionalTensors?.includes(OUTPUT_SCALE);
    return [
      ...(model.experts
        ? [...attentionHalf(model, options), ...feedForwards(model, options, model.experts)]
        : denseLayer(model, options)),
      ...(scaled
        ? [{ kind: 'scale', to: 'hidden', vectors: [{ ...vector(OUTPUT_SCALE, 1), optional: true }] } as const]
        : []),
    ];
  },
  neutral: {
    ...{ ...COMMON, ...UNSCALED, attn_logit_softcapping: 0 },
    // Of the E models: embeddings for each layer, and layers that read the caches of others, maybe in other tabs.
    ...{ embedding_length_per_layer_input: 0, 'attention.shared_kv_layers': 0 },
  },
  own: (metadata, sizes) => {
    // They keep most pairs of global layers from turning.
    if (!sizes.ropeFactors) throw metadata.bad('tensor "rope_freqs.weight" is missing');
    const locals = readLocalLayers(metadata, sizes, {});
    const logitCap = metadata.maybePositive('final_logit_softcapping');
    return {
      ...readExperts(metadata, sizes.feedForwardWidth),
      ...locals,
      localHeads: readLocalHeads(metadata, { ...sizes, ...locals }),
      localRopeBase: metadata.positive('rope.freq_base_swa', LOCAL_ROPE_BASE),
      embeddingScale: Math.fround(Math.sqrt(sizes.width)),
      attentionScale: 1,
      ...(logitCap === undefined ? {} : { logitCap }),
    };
  },
  sizedLayer: (metadata) => readLocalPeriod(metadata, metadata.count('block_count')) - 1,
  rotations: (model) => {
    const main = mainRotation(model);
    const { localHeads, localRopeBase = main.base } = model;
    const dimensions = localHeads?.ropeDimensions ?? main.dimensions;
    return [main, { ...main, base: localRopeBase, scale: 1, dimensions, factors: undefined }];
  },
  ropeFactors: true,
};

function optionsOf(model: Hyperparameters, index: number): DenseOptions {
  const { headCount, localHeads } = model;
  const plain: DenseOptions = {
    ...({ ropePairs: 'halves', activation: 'gelu' } as const),
    ...{ headNorms: true, valueNorms: true, postNorms: true },
    sight: { window: windowOf(model, index), cap: 0 },
  };
  if (!isLocal(model, index)) return { ...plain, keysAreValues: true };
  if (!localHeads) return { ...plain, rotation: 1 };
  const { ropeDimensions, ...sizes } = localHeads;
  return { ...plain, heads: { headCount, ...sizes, rotated: ropeDimensions }, rotation: 1 };
}

/** The dense feed-forward and the experts, each with norms of its own, added up and normed. */
function feedForwards(
  model: Hyperparameters,
  options: DenseOptions,
  { count, width: inner }: NonNullable<Hyperparameters['experts']>,
): Operation[] {
  const { width, feedForwardWidth } = model;
  const builder = new DenseLayerBuilder(model, options);
  const gateUp = ['ffn_gate', 'ffn_up'].map((name) => ({ name, rows: feedForwardWidth }));
  return [
    norm('ffn_norm', 'hidden', 'normed', width),
    ...builder.product(gateUp, 'normed', width, 'besideGateUp'),
    { kind: 'gate', activation: 'gelu', from: 'besideGateUp', to: 'besideGated' },
    ...builder.product([{ name: 'ffn_down', rows: width }], 'besideGated', feedForwardWidth, 'normed'),
    norm('post_ffw_norm_1', 'normed', 'combined', width),
    // The router has a norm of its own.
    {
      ...({ kind: 'norm', from: 'hidden', to: 'normed', add: false } as const),
      vectors: [vector('ffn_gate_inp.scale', width)],
    },
    ...builder.product([{ name: 'ffn_gate_inp', rows: count }], 'normed', width, 'routing'),
    { kind: 'choose', scale: 1 / Math.sqrt(width), vectors: [vector('ffn_down_exps.scale', count)] },
    norm('pre_ffw_norm_2', 'hidden', 'normed', width),
    {
      ...({ kind: 'multiplyChosen', from: 'normed', to: 'gateUp' } as const),
      matrices: [stack('ffn_gate_up', [width, 2 * inner, count])],
    },
    builder.gate(),
    { kind: 'multiplyChosen', from: 'gated', to: 'parts', matrices: [stack('ffn_down', [inner, width, count])] },
    { kind: 'addChosen', to: 'normed', add: false },
    norm('post_ffw_norm_2', 'normed', 'combined', width, true),
    norm('post_ffw_norm', 'combined', 'hidden', width, true),
  ];
}

function readLocalHeads(
  metadata: ArchitectureMetadata,
  model: Hyperparameters,
): NonNullable<Hyperparameters['localHeads']> {
  const { headCount, kvHeadCount: others, layerCount } = model;
  const headSize = metadata.count('attention.key_length_swa');
  const valueSize = metadata.count('attention.value_length_swa', headSize);
  if (valueSize !== headSize)
    throw metadata.unsupported(`attention values of ${valueSize} and keys of ${headSize} elements`, 'equal sizes');
  const kvHeadCount = isLocal(model, 0) ? metadata.count(KV_HEADS, headCount, 0) : others;
  for (let index = 0; index < layerCount; index++) {
    if (metadata.count(KV_HEADS, headCount, index) !== (isLocal(model, index) ? kvHeadCount : others))
      throw metadata.unsupported(`KV heads as ${KV_HEADS} lists them`, 'one number for local and one for other layers');
  }
  if (headCount % kvHeadCount !== 0)
    throw metadata.bad(`${headCount} heads cannot share ${kvHeadCount} KV heads evenly`);
  // Rows of both kinds of layers share their memory: a last block would keep the wider ones' values.
  if ((headCount * headSize) % BLOCK !== 0 || (headCount * model.headSize) % BLOCK !== 0)
    throw metadata.unsupported(
      `${headCount} heads of ${headSize} and ${model.headSize} elements`,
      'whole blocks of 32',
    );
  const ropeDimensions = metadata.count('rope.dimension_count_swa', headSize);
  if (ropeDimensions > headSize || ropeDimensions % 2 !== 0)
    throw metadata.bad(`${ropeDimensions} rotated dimensions do not fit a head of ${headSize}`);
  return { kvHeadCount, headSize, ropeDimensions };
}
