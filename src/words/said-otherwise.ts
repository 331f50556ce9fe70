/** A text with its `{places}`, and the same in another language. What stands at `{why}` is a text of the table itself. */
export type TextPair = readonly [text: string, otherwise: string];

/** Errors are shorter; other tabs may send what is longer. */
const MAX_CHARS = 1000;
const PLACE = /\{(\w+)\}/;

/**
 * Says texts in another language.
 * @param pairs - the first that fits counts
 * @param written - writes what stood at a place
 * @returns a function that gives undefined for a text of which the table says nothing
 */
export function saidOtherwise(
  pairs: readonly TextPair[],
  written: (value: string) => string,
): (text: string) => string | undefined {
  const table = pairs.map(([text, otherwise]) => ({ pieces: text.split(PLACE), otherwise }));
  const say = (text: string): string | undefined => {
    for (const { pieces, otherwise } of table) {
      const values = valuesOf(text, pieces);
      const why = values?.get('why');
      const reason = why === undefined ? '' : say(why);
      if (!values || reason === undefined) continue;
      return otherwise.replace(new RegExp(PLACE, 'g'), (_, place: string) =>
        place === 'why' ? reason : written(values.get(place)!),
      );
    }
    return undefined;
  };
  return (text) => (text.length > MAX_CHARS ? undefined : say(text));
}

/** What stands at the places of a text. @param pieces - words and places by turns @returns undefined where it does not fit */
function valuesOf(text: string, [first = '', ...rest]: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (!text.startsWith(first)) return undefined;
  const values = new Map<string, string>();
  let at = first.length;
  for (let index = 0; index < rest.length; index += 2) {
    const [place, words] = [rest[index]!, rest[index + 1]!];
    const end = index + 2 === rest.length ? text.length - words.length : text.indexOf(words, at);
    if (end <= at || !text.startsWith(words, end)) return undefined;
    values.set(place, text.slice(at, end));
    at = end + words.length;
  }
  return at === text.length ? values : undefined;
}
