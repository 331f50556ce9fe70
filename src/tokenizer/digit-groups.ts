/** Cuts runs of digits into threes from the right: "1234567" into "1", "234" and "567". */
export interface DigitGroups {
  /** What counts as a digit, as a class of regular expressions. */
  readonly digits: '\\p{N}' | '\\p{Nd}';
  /** Whether a run is set apart from what is around it; otherwise cuts are before whole threes only. */
  readonly isolated: boolean;
  /** Leaves a run as it is where a letter follows it. */
  readonly toWordEnd?: true;
}

const GROUP = 3;
/** What `\w` means to Oniguruma, in which tokenizers are written. */
const WORD_CHARACTER = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/uy;

/** In one pass: as a regular expression, each three would look ahead to the end of its run. */
export function splitDigitGroups(text: string, { digits, isolated, toWordEnd }: DigitGroups): string[] {
  const pieces: string[] = [];
  let start = 0;
  const cut = (place: number) => {
    if (place > start) pieces.push(text.slice(start, place));
    start = place;
  };
  for (const { 0: run, index } of text.matchAll(new RegExp(`${digits}+`, 'gu'))) {
    WORD_CHARACTER.lastIndex = index + run.length;
    if (toWordEnd && WORD_CHARACTER.test(text)) continue;
    if (isolated) cut(index);
    const characters = [...run];
    let place = index;
    for (const [at, character] of characters.entries()) {
      if ((characters.length - at) % GROUP === 0) cut(place);
      place += character.length;
    }
    if (isolated) cut(place);
  }
  cut(text.length);
  return pieces;
}
