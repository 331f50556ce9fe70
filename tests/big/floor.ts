import type { ProfileTab } from './profile-tab.ts';

/**
 * Seconds that a shard takes at the least: fetched, hashed both ways and written to IndexedDB, 4 MiB at a time, with
 * nothing else.
 */
export function measureFloor({ browser }: ProfileTab, url: string, sizeBytes: number): Promise<number> {
  return browser.evaluate(
    async ([from, total]) => {
      const step = 4 * 1024 * 1024;
      const request = indexedDB.open('floor', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('records');
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const startedAtMs = performance.now();
      for (let offset = 0; offset < total; offset += step) {
        const end = Math.min(offset + step, total);
        const response = await fetch(from, { headers: { range: `bytes=${offset}-${end - 1}` }, cache: 'no-store' });
        const bytes = new Uint8Array(await response.arrayBuffer());
        await Promise.all([crypto.subtle.digest('SHA-1', bytes), crypto.subtle.digest('SHA-256', bytes)]);
        await new Promise<void>((resolve, reject) => {
          const transaction = database.transaction('records', 'readwrite');
          transaction.objectStore('records').put(bytes, offset);
          transaction.oncomplete = () => resolve();
          transaction.onerror = () => reject(transaction.error);
        });
      }
      const seconds = (performance.now() - startedAtMs) / 1000;
      database.close();
      indexedDB.deleteDatabase('floor');
      return seconds;
    },
    [url, sizeBytes] as [string, number],
  );
}
