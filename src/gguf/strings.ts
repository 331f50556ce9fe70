/** What the bytes of a UTF-8 character begin with: `10` continues one, `1111` begins one of two UTF-16 units. */
const CONTINUES = 0b1000_0000;
const CONTINUES_MASK = 0b1100_0000;
const FOUR_BYTES = 0b1111_0000;

// A byte order mark is a token like any other: without `ignoreBOM` the decoder would swallow it.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** @throws TypeError for invalid UTF-8 */
export function decodeStrict(bytes: Uint8Array): string {
  return strict.decode(bytes);
}

/** Characters that are no valid UTF-8 become U+FFFD. */
export function decodeLenient(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/**
 * The same for many short strings `[starts[i], ends[i])` of `bytes`, which are decoded as one and cut apart: Chromium
 * keeps a string that a decoder made twice and in tables, some 500 bytes for each of a vocabulary's hundred thousand.
 */
export function decodeAllLenient(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array): string[] {
  const one = (start: number, index: number) => decodeLenient(bytes.subarray(start, ends[index]));
  const joined = new Uint8Array(starts.reduce((sum, start, index) => sum + ends[index]! - start, 0));
  const units = new Uint32Array(starts.length);
  let length = 0;
  for (let index = 0; index < starts.length; index++) {
    const start = starts[index]!;
    // A character that two strings share would be valid only where they are joined.
    if (start < ends[index]! && continues(bytes[start]!)) return Array.from(starts, one);
    for (let at = start; at < ends[index]!; at++) {
      const byte = bytes[at]!;
      joined[length++] = byte;
      units[index]! += continues(byte) ? 0 : byte >= FOUR_BYTES ? 2 : 1;
    }
  }
  let text: string;
  try {
    text = decodeStrict(joined);
  } catch {
    return Array.from(starts, one);
  }
  let end = 0;
  return Array.from(units, (count) => {
    end += count;
    return text.slice(end - count, end);
  });
}

function continues(byte: number): boolean {
  return (byte & CONTINUES_MASK) === CONTINUES;
}
