import type { Architecture } from './architecture.ts';
import { llama } from './llama.ts';

/** Ministral 3 and its kin: Llama's graph with YaRN. */
export const mistral3: Architecture = {
  ...llama,
  name: 'mistral3',
  own: (metadata, { contextLength }) => {
    // Queries grow with the logarithm of how often this many positions have passed: not at all in the first of them.
    const steady = metadata.maybePositive('attention.temperature_scale')
      ? metadata.count(
          'attention.temperature_length',
          metadata.count('rope.scaling.original_context_length', contextLength),
        )
      : contextLength;
    return { contextLength: Math.min(contextLength, steady) };
  },
};
