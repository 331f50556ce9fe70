import { modelLayers } from '../model/architectures.ts';
import type { RecallHeads } from '../model/graph.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';

/** Rows that a convolution over four positions needs of what came before. */
const CONVOLVED_BEFORE = 3;

/** One layer's state of one session, f32: for each value head `[D, D]`, then the last rows of what is convolved. */
export interface StateLayout {
  readonly bytes: number;
  /** Where the rows lie. */
  readonly rowsAt: number;
}

export function stateLayout({ keyHeads, valueHeads, headSize }: RecallHeads): StateLayout {
  const rowsAt = valueHeads * headSize * headSize * 4;
  return { bytes: rowsAt + CONVOLVED_BEFORE * (2 * keyHeads + valueHeads) * headSize * 4, rowsAt };
}

/** Bytes of a session's state in each of a model's layers; 0 for a layer without. */
export function layerStateBytes(model: Hyperparameters): readonly number[] {
  const bytes = model.recall ? stateLayout(model.recall).bytes : 0;
  return modelLayers(model).map((layer) => (layer.some(({ kind }) => kind === 'recall') ? bytes : 0));
}
