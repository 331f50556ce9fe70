import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';

/** How often a page that stays open looks for another build. */
const LOOK_MS = 60 * 60_000;

/**
 * Has a service worker keep the page, where the browser has any: it then opens again while the server is away.
 * @param onUpdate - told when the server turns out to have another build than the one that is open
 */
export async function keepPage(onUpdate: () => void): Promise<void> {
  // A page from the development server changes with every edit, and has no such worker.
  if (!import.meta.env.PROD || !globalThis.isSecureContext || !('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(new URL('./page-cache.js', document.baseURI));
    // It is new to this browser: the page may be of the new build already, and have come with it.
    registration.addEventListener('updatefound', () => void isOld().then((old) => old && onUpdate()));
    setInterval(() => void registration.update().catch(() => undefined), LOOK_MS);
  } catch (error) {
    // E.g. a certificate that the person has let pass, or site data that is blocked: the page works as before.
    log.info('UI', `The page is not kept for when the server is away: ${ShoalError.from(error).message}`);
  }
}

/** Whether the server's page begins with another file than this one, whose name goes with its bytes. */
async function isOld(): Promise<boolean> {
  const own = new URL(import.meta.url).pathname.split('/').at(-1)!;
  try {
    const response = await fetch(new URL('./index.html', document.baseURI), { cache: 'no-store' });
    return response.ok && !(await response.text()).includes(own);
  } catch {
    return false;
  }
}
