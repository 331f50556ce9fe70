import type { Architecture } from './architecture.ts';
import type { ArchitectureMetadata } from './architecture-metadata.ts';
import { type DenseOptions, denseLayer } from './dense-layer.ts';
import { readExperts } from './experts.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { PLAIN, PLAIN_OR_EXPERTS } from './neutral.ts';
import { CONVOLVED, recallMixer, recalls } from './recall-layer.ts';

/** Source: Qwen 3.5's configuration; files may leave it out. */
const DEFAULT_PERIOD = 4;

/** Qwen 3.5: three layers with a state for one with attention, whose output is gated. */
export const qwen35: Architecture = {
  name: 'qwen35',
  layer: (model, index) => denseLayer(model, optionsOf(model, index)),
  neutral: { ...PLAIN, 'ssm.conv_kernel': CONVOLVED },
  own: (metadata) => readRecall(metadata),
};

/** Qwen 3.5 with experts, and one that all rows share. */
export const qwen35moe: Architecture = {
  name: 'qwen35moe',
  layer: (model, index, every) => denseLayer(model, { ...optionsOf(model, index), sharedExpert: true }, every),
  neutral: { ...PLAIN_OR_EXPERTS, 'ssm.conv_kernel': CONVOLVED },
  own: (metadata, sizes) => ({
    ...readRecall(metadata),
    ...readExperts(metadata, sizes.feedForwardWidth),
    feedForwardWidth: metadata.count('expert_shared_feed_forward_length', sizes.feedForwardWidth),
  }),
};

function optionsOf(model: Hyperparameters, index: number): DenseOptions {
  return {
    ...({ ropePairs: 'halves', headNorms: true, outerGate: true } as const),
    feedForwardNorm: 'post_attention_norm',
    ...(recalls(model, index) ? { mixer: recallMixer(model) } : {}),
  };
}

function readRecall(metadata: ArchitectureMetadata): Pick<Hyperparameters, 'recall'> {
  const recall = {
    keyHeads: metadata.count('ssm.group_count'),
    valueHeads: metadata.count('ssm.time_step_rank'),
    headSize: metadata.count('ssm.state_size'),
    period: metadata.count('full_attention_interval', DEFAULT_PERIOD),
  };
  const { keyHeads, valueHeads, headSize } = recall;
  const values = metadata.count('ssm.inner_size');
  const states = metadata.value('attention.recurrent_layers');
  if (Array.isArray(states) && states.some((state, layer) => Boolean(state) !== recalls({ recall }, layer)))
    throw metadata.unsupported('layers with a state in another order', `all but the last of every ${recall.period}`);
  if (values !== valueHeads * headSize)
    throw metadata.unsupported(`values of ${values / valueHeads} and a state of ${headSize} elements`, 'equal sizes');
  if (valueHeads % keyHeads !== 0)
    throw metadata.bad(`${valueHeads} value heads cannot share ${keyHeads} key heads evenly`);
  // Heads lie side by side in rows of whole blocks; one thread has one of their elements.
  if (headSize % 32 !== 0 || headSize > 256)
    throw metadata.unsupported(`states of ${headSize} elements`, 'multiples of 32 up to 256');
  return { recall };
}
