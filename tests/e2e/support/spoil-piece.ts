/** Changes a byte of a stored piece. Runs in the page. @param key - `INFO_HASH/PIECE` */
export async function spoilPiece(key: string): Promise<void> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await done(indexedDB.open('shoal-pieces'));
  const pieces = (mode: IDBTransactionMode) => database.transaction('pieces', mode).objectStore('pieces');
  const blob = await done<Blob>(pieces('readonly').get(key));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  bytes[1000]! ^= 1;
  await done(pieces('readwrite').put(new Blob([bytes]), key));
  database.close();
}
