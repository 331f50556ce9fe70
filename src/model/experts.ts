import type { ArchitectureMetadata } from './architecture-metadata.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** GGUF's numbers; weights that are made to add up to 1 are the same by both. */
const [SOFTMAX, SOFTMAX_OF_CHOSEN] = [1, 3];
/** Experts of a layer: the largest open models have 512. */
const MAX_EXPERTS = 4096;

/**
 * Experts that a file has in its feed-forward's place; nothing where it has none.
 * @param width - F of an expert where the file does not say it apart
 */
export function readExperts(metadata: ArchitectureMetadata, width: number): Pick<Hyperparameters, 'experts'> {
  if (metadata.maybePositive('expert_count') === undefined) return {};
  const experts = {
    count: metadata.count('expert_count'),
    used: metadata.count('expert_used_count'),
    width: metadata.count('expert_feed_forward_length', width),
  };
  if (experts.count > MAX_EXPERTS) throw metadata.bad(`${experts.count} experts, at most ${MAX_EXPERTS} are allowed`);
  if (experts.used > experts.count)
    throw metadata.bad(`${experts.used} of ${experts.count} experts cannot be used at once`);
  // Rows of experts lie side by side, in whole blocks.
  if (experts.width % 32 !== 0) throw metadata.unsupported(`experts of width ${experts.width}`, 'multiples of 32');
  for (const key of ['expert_shared_count', 'leading_dense_block_count', 'expert_group_count']) {
    const found = metadata.maybePositive(key);
    if (found !== undefined) throw metadata.unsupported(`${key} = ${found}`, '0');
  }
  const scale = metadata.maybePositive('expert_weights_scale') ?? 1;
  if (scale !== 1) throw metadata.unsupported(`expert weights scaled by ${scale}`, '1');
  const gating = metadata.maybePositive('expert_gating_func') ?? SOFTMAX;
  if (gating !== SOFTMAX && gating !== SOFTMAX_OF_CHOSEN)
    throw metadata.unsupported(`expert gating function ${gating}`, `${SOFTMAX} and ${SOFTMAX_OF_CHOSEN}, softmax`);
  return { experts };
}
