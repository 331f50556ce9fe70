import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';

/** Has a service worker keep the page, where the browser has any: it then opens again while the server is away. */
export async function keepPage(): Promise<void> {
  // A page from the development server changes with every edit, and has no such worker.
  if (!import.meta.env.PROD || !globalThis.isSecureContext || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL('./page-cache.js', document.baseURI));
  } catch (error) {
    // E.g. a certificate that the person has let pass, or site data that is blocked: the page works as before.
    log.info('UI', `The page is not kept for when the server is away: ${ShoalError.from(error).message}`);
  }
}
