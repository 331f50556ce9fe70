import { peerIdFromString } from '@libp2p/peer-id';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FOREIGN_HOLDERS_VALIDITY_MS } from '../../../signaling-server/limits.ts';
import { ForeignHolders } from '../../../signaling-server/peers/foreign-holders.ts';
import { MAX_NAMED_HOLDERS } from '../../../src/protocol/directory-exchange.ts';

const HOLDER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const [RELAY, ELSEWHERE] = [8787, 8788].map(
  (port) => `/ip4/127.0.0.1/tcp/${port}/ws/p2p/12D3KooWHUtKqPhwj6QUVtzYGxqmnVwHoV7MCyJpiDYM1zpEBBc6`,
) as [string, string];

let now: number;
let asked: string[];
let found: Map<string, string>;
let holders: ForeignHolders;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  asked = [];
  found = new Map([[HOLDER, RELAY]]);
  holders = new ForeignHolders(async (key) => {
    asked.push(key);
    return found;
  });
});
afterEach(() => vi.restoreAllMocks());

const addressOf = (holder: string) => holders.addressOf(peerIdFromString(holder))?.toString();

it('asks the other servers once for all who ask within a moment, for each key', async () => {
  expect(await Promise.all(['a', 'a', 'b'].map((key) => holders.of(key)))).toEqual([[HOLDER], [HOLDER], [HOLDER]]);
  now += FOREIGN_HOLDERS_VALIDITY_MS - 1;
  await holders.of('a');
  expect(asked).toEqual(['a', 'b']);
  found = new Map();
  now += 1;
  expect(await holders.of('a')).toEqual([]);
  expect(asked).toEqual(['a', 'b', 'a']);
});

it('knows by which relay a holder is reached that was named lately', async () => {
  expect(addressOf(HOLDER)).toBeUndefined();
  await holders.of('a');
  expect(addressOf(HOLDER)).toBe(`${RELAY}/p2p-circuit/p2p/${HOLDER}`);
  now += FOREIGN_HOLDERS_VALIDITY_MS;
  found = new Map([[HOLDER, ELSEWHERE]]);
  await holders.of('a');
  expect(addressOf(HOLDER)).toBe(`${ELSEWHERE}/p2p-circuit/p2p/${HOLDER}`);
  now += FOREIGN_HOLDERS_VALIDITY_MS;
  found = new Map();
  await holders.of('a');
  expect(addressOf(HOLDER)).toBeUndefined();
});

it('names a bounded number', async () => {
  found = new Map(Array.from({ length: MAX_NAMED_HOLDERS + 10 }, (_, index) => [`holder-${index}`, RELAY]));
  expect(await holders.of('a')).toHaveLength(MAX_NAMED_HOLDERS);
});
