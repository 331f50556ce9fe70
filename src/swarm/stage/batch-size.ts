import { MAX_BATCH_TASKS } from '../../engine/layer-runner.ts';

/**
 * How many decodes to run together. All sessions in one batch would go round the swarm as one lump, which only one stage
 * works on at a time: so a stage takes its share of them, as much as it has of the layers, and the others have theirs.
 * Where more wait than that, as at the slowest stage, half of them go: a lump falls apart as it goes round.
 * @param waiting - decodes that could go together now
 * @param sessions - that decode in these layers at present
 * @param share - of the model's layers, 0 to 1
 */
export function batchSize(waiting: number, sessions: number, share: number): number {
  return Math.min(MAX_BATCH_TASKS, waiting, Math.max(Math.ceil(sessions * share), Math.ceil(waiting / 2)));
}
