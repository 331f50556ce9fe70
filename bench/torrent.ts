import type { Page } from 'playwright';
import { type BenchTabs, waitUntilReady } from './support/tabs.ts';

/**
 * Fetches a shard from the one tab that has it, the server's copy blocked.
 * @returns megabytes a second, from the first piece to the last
 */
export async function timeTransfer(tabs: BenchTabs, shard: number): Promise<number> {
  const { page, context } = await tabs.open({ blockServer: true });
  await page.getByTestId(`shard-${shard}-pick`).check();
  const rate = watchTransfer(page);
  await page.getByTestId('join').click();
  const megabytesPerSecond = await rate;
  await waitUntilReady(page, [shard]);
  await context.close();
  return megabytesPerSecond;
}

/** Looks at the tab's one transfer until it is complete. */
function watchTransfer(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let emptyAtMs = performance.now();
    for (;;) {
      const transfer = window.shoal.transfers().find(({ storedBytes }) => storedBytes > 0);
      const nowMs = performance.now();
      if (!transfer) emptyAtMs = nowMs;
      else if (transfer.storedBytes === transfer.totalBytes) return transfer.totalBytes / 1000 / (nowMs - emptyAtMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
}
