import { exp1 } from './lanes';
import { addRow } from './rows';

/**
 * The numbers of the `used` greatest logits at `choice`, falling, and behind them the softmax of `scale` times those, each
 * times its expert's number at `scales` unless that is 0.
 */
export function chooseRow(logits: usize, count: u32, used: u32, choice: usize, scale: f32, scales: usize): void {
  const weights = choice + <usize>used * 4;
  for (let rank: u32 = 0; rank < used; rank++) {
    let best: u32 = 0;
    let most: f32 = -f32.MAX_VALUE;
    for (let expert: u32 = 0; expert < count; expert++) {
      const logit = load<f32>(logits + expert * 4);
      if (logit > most && !isChosen(expert, rank, choice)) {
        best = expert;
        most = logit;
      }
    }
    store<u32>(choice + rank * 4, best);
    store<f32>(weights + rank * 4, most);
  }
  const top = load<f32>(weights);
  let sum: f32 = 0;
  for (let rank: u32 = 0; rank < used; rank++) {
    const part = exp1(scale * (load<f32>(weights + rank * 4) - top));
    store<f32>(weights + rank * 4, part);
    sum += part;
  }
  for (let rank: u32 = 0; rank < used; rank++) {
    const weight = load<f32>(weights + rank * 4) / sum;
    const by: f32 = scales ? load<f32>(scales + load<u32>(choice + rank * 4) * 4) : 1;
    store<f32>(weights + rank * 4, weight * by);
  }
}

function isChosen(expert: u32, ranks: u32, choice: usize): bool {
  for (let rank: u32 = 0; rank < ranks; rank++) if (load<u32>(choice + rank * 4) == expert) return true;
  return false;
}

/** `y = Σ weight · part`, a part for each chosen expert, `width` floats; or adds it. */
export function addChosenRow(y: usize, parts: usize, width: u32, used: u32, choice: usize, add: u32): void {
  if (!add) memory.fill(y, 0, <usize>width * 4);
  for (let rank: u32 = 0; rank < used; rank++)
    addRow(y, parts + <usize>(rank * width) * 4, width, load<f32>(choice + (used + rank) * 4));
}
