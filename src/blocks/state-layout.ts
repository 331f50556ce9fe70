import { modelLayers } from '../model/architectures.ts';
import { mixedWidth, type RecallHeads } from '../model/graph.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { CONVOLVED } from '../model/recall-layer.ts';

/** One layer's state of one session, f32: for each value head `[D, D]`, then the last rows of what is convolved. */
export interface StateLayout {
  readonly bytes: number;
  /** Where the rows lie. */
  readonly rowsAt: number;
}

export function stateLayout(heads: RecallHeads): StateLayout {
  const rowsAt = heads.valueHeads * heads.headSize * heads.headSize * 4;
  return { bytes: rowsAt + (CONVOLVED - 1) * mixedWidth(heads) * 4, rowsAt };
}

/** Bytes of a session's state in each of a model's layers; 0 for a layer without. */
export function layerStateBytes(model: Hyperparameters): readonly number[] {
  const bytes = model.recall ? stateLayout(model.recall).bytes : 0;
  return modelLayers(model).map((layer) => (layer.some(({ kind }) => kind === 'recall') ? bytes : 0));
}
