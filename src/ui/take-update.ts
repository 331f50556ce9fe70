/** Nobody has looked at the page, nor had an answer through it, for so long. */
const QUIET_MS = 30_000;
const LOOK_MS = 1000;
/** A server that has another build each time has the page opened anew once in so long. */
const MIN_PAUSE_MS = 60 * 60_000;
const TAKEN_KEY = 'update-taken';

/**
 * Opens the page anew, with the build that the server has now, at a moment when nobody notices.
 * @param isQuiet - whether nothing that is under way would be lost
 */
export function takeUpdate(isQuiet: () => boolean): void {
  if (Date.now() - Number(sessionStorage.getItem(TAKEN_KEY)) < MIN_PAUSE_MS) return;
  let quietSinceMs: number | undefined;
  const timer = setInterval(() => {
    if (!document.hidden || !isQuiet()) {
      quietSinceMs = undefined;
      return;
    }
    quietSinceMs ??= performance.now();
    if (performance.now() - quietSinceMs < QUIET_MS) return;
    clearInterval(timer);
    sessionStorage.setItem(TAKEN_KEY, String(Date.now()));
    location.reload();
  }, LOOK_MS);
}
