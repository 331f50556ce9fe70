import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROVIDER_VALIDITY_MS } from '../../../signaling-server/limits.ts';
import { ProviderTable } from '../../../signaling-server/provider-table.ts';
import { MAX_NAMED_HOLDERS } from '../../../src/protocol/directory-exchange.ts';

type Key = Parameters<ProviderTable['put']>[0];

/** A datastore's key as kad-dht makes it. */
function keyOf(digest: string, holder: string): Key {
  const name = `/dht/provider/${digest}/${holder}`;
  return { toString: () => name, namespaces: () => name.slice(1).split('/') } as Key;
}

function tableWith(holders: number): ProviderTable {
  const table = new ProviderTable(new Set(['served']));
  for (let holder = 0; holder < holders; holder++) table.put(keyOf('served', `tab-${holder}`), Uint8Array.of(holder));
  return table;
}

const named = (table: ProviderTable) => [...table.sample('/dht/provider/served')].map(({ key }) => key.toString());

afterEach(() => vi.useRealTimers());

describe('the table of providers', () => {
  it('names every holder of a few, and of many some, others each time', () => {
    expect(named(tableWith(5)).length).toBe(5);
    const table = tableWith(1000);
    const seen = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const some = named(table);
      expect(new Set(some).size).toBe(MAX_NAMED_HOLDERS);
      for (const name of some) seen.add(name);
    }
    expect(seen.size).toBeGreaterThan(5 * MAX_NAMED_HOLDERS);
    expect([...table.sample('/dht/provider/another')]).toEqual([]);
  });

  it('takes holders of what is served alone, each once', () => {
    const table = tableWith(2);
    expect(() => table.put(keyOf('another', 'tab-0'), Uint8Array.of(0))).toThrow('served');
    table.put(keyOf('served', 'tab-0'), Uint8Array.of(9));
    expect(table.size).toBe(2);
  });

  it('forgets who left, and what was not renewed', () => {
    vi.useFakeTimers();
    const table = tableWith(4);
    table.forget('tab-0');
    vi.setSystemTime(Date.now() + PROVIDER_VALIDITY_MS - 1000);
    table.put(keyOf('served', 'tab-1'), Uint8Array.of(1));
    table.sweep(new Set(['tab-1', 'tab-2']));
    expect(table.size).toBe(2);
    vi.setSystemTime(Date.now() + 2000);
    table.sweep(new Set(['tab-1', 'tab-2']));
    expect(named(table)).toEqual(['/dht/provider/served/tab-1']);
  });
});
