import { englishLater, type LaterWords } from './en/later.ts';
import { spoken } from './words.ts';

/** As `words`, for what is loaded after the first screen: only such code may import this file. */
export function laterWords(): LaterWords {
  return spoken.value.later ?? englishLater;
}
