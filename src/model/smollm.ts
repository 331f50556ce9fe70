import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { PLAIN } from './neutral.ts';
import { mainRotation, NO_ROTATION } from './rotation.ts';

/** Of so many layers the last knows no positions. Source: the model's configuration; its files do not say it. */
const PERIOD = 4;

/** SmolLM 3: Llama's graph, every fourth layer without rotation. */
export const smollm3: Architecture = {
  name: 'smollm3',
  layer: (model, index, every) =>
    denseLayer(
      model,
      {
        ropePairs: 'neighbours',
        maybeBiased: ['attn_q', 'attn_k', 'attn_v'],
        rotation: (index + 1) % PERIOD === 0 ? 1 : 0,
      },
      every,
    ),
  neutral: PLAIN,
  rotations: (model) => [mainRotation(model), NO_ROTATION],
};
