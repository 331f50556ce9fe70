import type { FarewellSummary } from '../app/app-model.ts';
import { shardNames } from '../words/format.ts';
import { laterWords } from '../words/later-words.ts';

/** What leaving means for others, for people. */
export interface FarewellWords {
  readonly text: string;
  /** Of the button that waits until others have what only this tab serves; undefined where nothing is to be waited for. */
  readonly wait: string | undefined;
}

export function farewellWords({ shards, copiedShare, answers, waiting }: FarewellSummary): FarewellWords {
  const { farewell } = laterWords();
  if (shards.length === 0) return { text: farewell.nothingLost, wait: undefined };
  const copied = `${Math.floor(100 * copiedShare)} %`;
  const names = shardNames(shards);
  const count = shards.length;
  if (waiting) return { text: farewell.copying(names, copied), wait: undefined };
  if (copiedShare >= 1) return { text: farewell.copied(names, count), wait: undefined };
  return { text: farewell.onlyHere(names, count, answers), wait: farewell.wait(count, copied) };
}
