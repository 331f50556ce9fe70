import type { BrowserContext } from '@playwright/test';

/** For `openTab`: a browser that keeps nothing for the page, and says so to whoever asks. */
export function withoutSiteData(context: BrowserContext): Promise<unknown> {
  return context.addInitScript(() => {
    const refuse = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    IDBFactory.prototype.open = refuse;
    Object.assign(window, { BroadcastChannel: refuse });
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get: refuse });
    navigator.locks.request = async () => refuse();
    navigator.storage.getDirectory = async () => refuse();
  });
}
