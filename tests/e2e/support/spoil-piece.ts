/** Changes a byte of a stored piece. Runs in the page. @param key - `INFO_HASH/PIECE` */
export function spoilPiece(key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('shoal-chunks');
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('pieces', 'readwrite');
      const store = transaction.objectStore('pieces');
      store.get(key).onsuccess = (event) => {
        const bytes = (event.target as IDBRequest<Uint8Array>).result;
        bytes[1000]! ^= 1;
        store.put(bytes, key);
      };
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
    };
  });
}
