import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopScanner } from '../../../src/api/stop-scanner.ts';

function scan(pieces: readonly string[], stops: readonly string[]): { emitted: string[]; stopped: boolean } {
  const scanner = new StopScanner(stops);
  const emitted = pieces.map((piece) => scanner.push(piece));
  if (!scanner.stopped) emitted.push(scanner.flush());
  return { emitted, stopped: scanner.stopped };
}

describe('a stop scanner', () => {
  it('cuts before a stop text that lies across pieces', () => {
    expect(scan(['Hello wo', 'rld', '! EN', 'D of it'], ['END'])).toEqual({
      emitted: ['Hello wo', 'rld', '! ', ''],
      stopped: true,
    });
  });

  it('gives back what only looked like a stop text', () => {
    expect(scan(['a E', 'N', 'G'], ['END'])).toEqual({ emitted: ['a ', '', 'ENG', ''], stopped: false });
    expect(scan(['a E', 'N'], ['END'])).toEqual({ emitted: ['a ', '', 'EN'], stopped: false });
  });

  it('cuts any text as a search in the whole would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), stops, (pieces, texts) => {
        const whole = pieces.join('');
        const places = texts.map((text) => whole.indexOf(text)).filter((place) => place >= 0);
        const { emitted, stopped } = scan(pieces, texts);
        // The first found may be the only one whole so far: a longer one that began earlier comes too late.
        expect(stopped).toBe(places.length > 0);
        if (!stopped) expect(emitted.join('')).toBe(whole);
        else expect(places).toContain(emitted.join('').length);
        expect(whole.startsWith(emitted.join(''))).toBe(true);
      }),
    );
  });
});
