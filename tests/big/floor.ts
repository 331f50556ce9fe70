import { readFile } from 'node:fs/promises';
import type { ProfileTab } from './profile-tab.ts';

/** Hashes what goes by, as a page must that cannot hold a shard: browsers themselves hash whole buffers only. */
const HASH_WASM = 'node_modules/hash-wasm/dist/sha256.umd.min.js';

/**
 * Seconds that a shard takes at the least: fetched, hashed both ways and written to IndexedDB, 4 MiB at a time, with
 * nothing else.
 */
export async function measureFloor({ browser }: ProfileTab, url: string, sizeBytes: number): Promise<number> {
  await browser.send('Runtime.evaluate', { expression: await readFile(HASH_WASM, 'utf8') });
  return browser.evaluate(
    async ([from, total]) => {
      const step = 4 * 1024 * 1024;
      const request = indexedDB.open('floor', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('records');
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const { createSHA256 } = (globalThis as unknown as { hashwasm: Pick<typeof import('hash-wasm'), 'createSHA256'> })
        .hashwasm;
      const whole = (await createSHA256()).init();
      const startedAtMs = performance.now();
      for (let offset = 0; offset < total; offset += step) {
        const end = Math.min(offset + step, total);
        const response = await fetch(from, { headers: { range: `bytes=${offset}-${end - 1}` }, cache: 'no-store' });
        const bytes = new Uint8Array(await response.arrayBuffer());
        const piece = crypto.subtle.digest('SHA-1', bytes);
        whole.update(bytes);
        await piece;
        await new Promise<void>((resolve, reject) => {
          const transaction = database.transaction('records', 'readwrite');
          transaction.objectStore('records').put(bytes, offset);
          transaction.oncomplete = () => resolve();
          transaction.onerror = () => reject(transaction.error);
        });
      }
      whole.digest();
      const seconds = (performance.now() - startedAtMs) / 1000;
      database.close();
      indexedDB.deleteDatabase('floor');
      return seconds;
    },
    [url, sizeBytes] as [string, number],
  );
}
