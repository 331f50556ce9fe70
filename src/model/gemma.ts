import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import type { Sight } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { isLocal, readLocalLayers, windowOf } from './local-layers.ts';
import { COMMON, NO_EXPERTS, UNCAPPED, UNSCALED } from './neutral.ts';
import { mainRotation } from './rotation.ts';

/** Layers of the two largest models, whose scores are scaled by √(C/H) instead of √D. Source: their configurations. */
const [LAYERS_OF_GEMMA2_27B, LAYERS_OF_GEMMA3_27B] = [46, 62];
/** Source: Gemma 2's configuration; its files may leave it out. */
const GEMMA2_WINDOW = 4096;
/** Source: Gemma 3's configuration; older files leave it out. */
const GEMMA3_LOCAL_ROPE_BASE = 10_000;

/** Gemma 2: norms after each half, local and global layers in turn, soft caps on scores and logits. */
export const gemma2: Architecture = {
  name: 'gemma2',
  layer: (model, index) =>
    denseLayer(model, { ropePairs: 'halves', postNorms: true, activation: 'gelu', sight: sightOf(model, index) }),
  neutral: { ...COMMON, ...NO_EXPERTS, ...UNSCALED },
  own: (metadata, sizes) => ({
    ...scalesOf(sizes, LAYERS_OF_GEMMA2_27B),
    ...optional('attentionCap', metadata.maybePositive('attn_logit_softcapping')),
    ...optional('logitCap', metadata.maybePositive('final_logit_softcapping')),
    ...readLocalLayers(metadata, sizes, { window: GEMMA2_WINDOW, period: 2 }),
  }),
};

/** Gemma 3: queries and keys normed, five local layers for a global one, each kind with a rotation of its own. */
export const gemma3: Architecture = {
  name: 'gemma3',
  layer: (model, index) =>
    denseLayer(model, {
      ...{ ropePairs: 'halves', headNorms: true, postNorms: true, activation: 'gelu' },
      rotation: isLocal(model, index) ? 1 : 0,
      sight: sightOf(model, index),
    }),
  neutral: { ...COMMON, ...NO_EXPERTS, ...UNSCALED, ...UNCAPPED },
  own: (metadata, sizes) => ({
    ...scalesOf(sizes, LAYERS_OF_GEMMA3_27B),
    ...readLocalLayers(metadata, sizes, { period: 6 }),
    localRopeBase: metadata.positive('rope.freq_base_swa', GEMMA3_LOCAL_ROPE_BASE),
  }),
  rotations: (model) => {
    const main = mainRotation(model);
    return [main, { ...main, base: model.localRopeBase ?? main.base, scale: 1 }];
  },
};

/** The embedding is scaled by √C as a 32-bit number. */
function scalesOf(
  { width, headCount, headSize, layerCount }: Hyperparameters,
  largest: number,
): Pick<Hyperparameters, 'embeddingScale' | 'attentionScale'> {
  const perHead = layerCount === largest ? Math.floor(width / headCount) : headSize;
  return { embeddingScale: Math.fround(Math.sqrt(width)), attentionScale: 1 / Math.sqrt(perHead) };
}

function sightOf(model: Hyperparameters, index: number): Sight {
  return { window: windowOf(model, index), cap: model.attentionCap ?? 0 };
}

function optional<Key extends string>(key: Key, value: number | undefined): Partial<Record<Key, number>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, number>);
}
