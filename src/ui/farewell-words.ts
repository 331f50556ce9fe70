import type { FarewellSummary } from '../app/app-model.ts';
import { plural } from '../core/format.ts';
import { shardNames } from './status-words.ts';

/** What leaving means for others, for people. */
export interface FarewellWords {
  readonly text: string;
  /** Of the button that waits until others have what only this tab serves; undefined where nothing is to be waited for. */
  readonly wait: string | undefined;
}

export function farewellWords({ shards, copiedShare, answers, waiting }: FarewellSummary): FarewellWords {
  if (shards.length === 0) return { text: 'Others have all that this tab serves.', wait: undefined };
  const copied = `${Math.floor(100 * copiedShare)} %`;
  const names = shardNames(shards).toLowerCase();
  const [they, them] = shards.length === 1 ? ['it is', 'it'] : ['they are', 'them'];
  if (waiting)
    return { text: `Another tab copies ${names} (${copied}). This tab leaves when that is done.`, wait: undefined };
  if (copiedShare >= 1) {
    return {
      text: `Only this tab runs ${names}. Another has a copy, and loads ${them} when somebody asks.`,
      wait: undefined,
    };
  }
  const loss =
    answers === 0 ? `nobody gets answers until somebody has ${them} again` : `${plural(answers, 'answer')} will stop`;
  return { text: `Only this tab has ${names}: ${loss}.`, wait: `Wait until ${they} copied (${copied})` };
}
