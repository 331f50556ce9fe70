import type { Page } from '@playwright/test';

/** All that a browser keeps for the page, as text by where it is kept: databases by name, bytes as Latin-1. */
export function readKeptData(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const textOf = (value: unknown): string => {
      if (value instanceof ArrayBuffer) return textOf(new Uint8Array(value));
      if (ArrayBuffer.isView(value)) return new TextDecoder('latin1').decode(value);
      if (typeof value !== 'object' || value === null) return String(value);
      return Object.entries(value)
        .map(([key, inner]) => `${key}: ${textOf(inner)}`)
        .join('\n');
    };
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const kept: Record<string, string> = {
      localStorage: textOf({ ...localStorage }),
      sessionStorage: textOf({ ...sessionStorage }),
      'history.state': textOf(history.state),
      address: location.href,
      cookie: document.cookie,
    };
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      const requests = await cache.keys();
      const texts = requests.map(async (request) => `${request.url}\n${await (await cache.match(request))?.text()}`);
      kept[name] = (await Promise.all(texts)).join('\n');
    }
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name!));
      const parts: string[] = [];
      for (const store of database.objectStoreNames) {
        const records = database.transaction(store).objectStore(store);
        parts.push(textOf(await done(records.getAllKeys())), textOf(await done(records.getAll())));
      }
      database.close();
      kept[name!] = parts.join('\n');
    }
    return kept;
  });
}
