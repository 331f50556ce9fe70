import { TorrentRecords } from '../metainfo/torrent-records.ts';

/** How long this browser keeps what the page stores: not at all, or only while a private window is open. */
export type SiteData = 'none' | 'private' | 'kept';

/** Asks the database that the store uses: a browser that blocks site data refuses to open it. */
export async function detectSiteData(): Promise<SiteData> {
  try {
    await new TorrentRecords().get('');
  } catch {
    return 'none';
  }
  return (await refusesFiles()) ? 'private' : 'kept';
}

/**
 * Firefox gives a private window a database that is deleted with it, and no file system. No other difference is to be
 * seen; other browsers show none.
 */
async function refusesFiles(): Promise<boolean> {
  const storage: StorageManager | undefined = navigator.storage;
  try {
    await storage?.getDirectory?.();
    return false;
  } catch (error) {
    return (error as DOMException).name === 'SecurityError';
  }
}
