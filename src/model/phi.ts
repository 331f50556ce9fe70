import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { COMMON, NO_EXPERTS, UNCAPPED, UNSCALED } from './neutral.ts';

/** Phi 3 to 4: queries, keys and values in one matrix, gate and up in another; long contexts by factors. */
export const phi3: Architecture = {
  name: 'phi3',
  layer: (model) => denseLayer(model, { ropePairs: 'halves', fused: true }),
  /** Its files name a window, which llama.cpp does not look at either: most models were trained without. */
  neutral: { ...COMMON, ...NO_EXPERTS, ...UNSCALED, ...UNCAPPED },
  own: (metadata, { feedForwardWidth }) => {
    // In one matrix up begins right behind gate.
    if (feedForwardWidth % 4 !== 0)
      throw metadata.unsupported(`a feed-forward of ${feedForwardWidth}`, 'multiples of 4');
    return {};
  },
  ropeFactors: true,
};
