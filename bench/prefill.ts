import type { Page } from 'playwright';

/** Ids that every vocabulary has; what they mean makes no difference to the time. */
const IDS = 256;

/**
 * Reads a new prompt of `tokens` tokens and makes one token, with this tab as coordinator.
 * @param run - counts up, so that no prompt begins as an earlier one did and finds its cache
 * @returns prompt tokens a second
 */
export async function prefill(page: Page, tokens: number, run: number): Promise<number> {
  const promptIds = Array.from({ length: tokens }, (_, index) => (run + 7 * index) % IDS);
  return page.evaluate(async (promptIds) => {
    const { engine } = window.shoal;
    await engine.resetChat();
    const startedAtMs = performance.now();
    await engine.forwardTokensAndSample(promptIds, true);
    return (1000 * promptIds.length) / (performance.now() - startedAtMs);
  }, promptIds);
}
