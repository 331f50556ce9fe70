import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { WIRE_VERSION } from '../../../src/protocol/frames.ts';
import { MAX_PRESENCE_BYTES, MAX_PRESENCE_INTERVAL_MS, PRESENCE_INTERVAL_MS } from '../../../src/protocol/limits.ts';
import { buildOf, presenceSchema, readPresence } from '../../../src/protocol/presence.ts';

const idle = { sequence: 1, ready: [], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };
const parse = (said: object) => v.safeParse(presenceSchema, JSON.parse(JSON.stringify({ ...idle, ...said })));
const read = (said: object) => v.parse(presenceSchema, { ...idle, ...said });

describe('what a hostile member says of itself', () => {
  it.each([1e308, 1e9])('counts as the fastest there is when it claims %d layers a second', (claim) => {
    expect(read({ layersPerSecond: claim }).layersPerSecond).toBe(50_000);
  });

  it('counts as something that can be reckoned with, however slow, busy or far it claims to be', () => {
    expect(read({ layersPerSecond: 5e-324 }).layersPerSecond).toBe(0.01);
    expect(read({ layersPerSecond: 0 }).layersPerSecond).toBe(0);
    const most = Number.MAX_SAFE_INTEGER;
    expect(read({ queueLength: most, sessions: most })).toMatchObject({ queueLength: 100_000, sessions: 100_000 });
    expect(read({ links: [['peer', 1e308]] }).links).toEqual([['peer', 60_000]]);
  });

  it.each([
    { layersPerSecond: Number.NaN },
    { layersPerSecond: -1 },
    { queueLength: 0.5 },
    { queueLength: -1 },
    { sequence: 2 ** 60 },
    { ready: Array.from({ length: 1025 }, () => 0) },
    { ready: [1024] },
    { ready: [-1] },
    { links: Array.from({ length: 17 }, () => ['peer', 1]) },
    { links: [['x'.repeat(129), 1]] },
  ])('is refused: %j', (said) => expect(parse(said).success).toBe(false));

  it('counts a shard once that it lists a thousand times', () => {
    const { ready, pending } = read({ ready: new Array(1024).fill(7), pending: [1, 2, 1, 2] });
    expect([ready, pending]).toEqual([[7], [1, 2]]);
  });

  it('fits one message at its longest', () => {
    const all = Array.from({ length: 1024 }, (_, index) => index);
    const links = Array.from({ length: 16 }, () => ['x'.repeat(128), 12.345]);
    const longest = { ...idle, ready: all, pending: all, links, name: 'n'.repeat(80) };
    expect(parse(longest).success).toBe(true);
    expect(new TextEncoder().encode(JSON.stringify(longest)).byteLength).toBeLessThan(MAX_PRESENCE_BYTES);
  });

  it('costs the member its say alone when it is no interval', () => {
    for (const intervalMs of [0, -1, 1e308, 'often', null, MAX_PRESENCE_INTERVAL_MS + 1])
      expect(read({ intervalMs }).intervalMs).toBe(PRESENCE_INTERVAL_MS);
    expect(read({ intervalMs: 5000 }).intervalMs).toBe(5000);
  });

  it('shows as one short line of text, whatever the name', () => {
    const marks = '\u202e\u2066\u200b\u001b[2J\r\n\t\u0007<img src=x onerror=alert(1)>\u0000';
    const hostile = fc.string({ unit: fc.constantFrom(...marks, 'a', 'é', '\u0301', '𝕏'), maxLength: 80 });
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 80 })), (name) => {
        const shown = read({ name }).name;
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect([...shown].length).toBeLessThanOrEqual(40);
      }),
    );
  });
});

describe('a member of another build', () => {
  it('is there under its name and serves nothing, whatever else it says', () => {
    const said = { wire: WIRE_VERSION + 1, sequence: 5, name: 'Later', ready: 'all', shards: [0, 1], leaving: false };
    expect(readPresence(said)).toMatchObject({
      wire: WIRE_VERSION + 1,
      sequence: 5,
      name: 'Later',
      ready: [],
      pending: [],
    });
    expect(readPresence({ ...idle, wire: WIRE_VERSION - 1, ready: [0] })).toMatchObject({ ready: [], willing: false });
    expect(readPresence({ ...said, leaving: true })?.leaving).toBe(true);
    expect(readPresence({ ...said, wire: WIRE_VERSION })).toBeUndefined();
    expect(readPresence({ ...said, sequence: 'soon' })).toBeUndefined();
    expect(readPresence({ ...said, wire: Number.POSITIVE_INFINITY })).toBeUndefined();
  });

  it('is one of this build where it does not say, as those before did not', () => {
    expect(readPresence({ ...idle, ready: [0] })).toMatchObject({ ready: [0], wire: 3 });
    expect([WIRE_VERSION - 1, WIRE_VERSION, WIRE_VERSION + 1].map((wire) => buildOf({ wire }))).toEqual([
      'older',
      undefined,
      'newer',
    ]);
  });
});
