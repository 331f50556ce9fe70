import { expect, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { startServer } from './support/server.ts';
import { expectShardState, openTab } from './support/tab.ts';

const SHARDS = [0, 1, 2, 3];
/** Pieces that were under way when the server was killed come again, and shard 0's header is read besides. */
const AGAIN_BYTES = 25e6;

test('the server is killed in mid-download: the tab goes on with the rest when it is back', async ({ browser }) => {
  // A tiny model would be there before the server is gone.
  let server = await startServer();
  try {
    const tab = await openTab(browser, server.url);
    const received = () =>
      tab.page.evaluate(() => window.shoal.transfers().reduce((sum, { receivedBytes }) => sum + receivedBytes, 0));
    const { models } = await (await fetch(`${server.url}/config.json`)).json();
    const { shards } = await (await fetch(`${server.url}/models/${models[0].name}/manifest.json`)).json();
    const totalBytes = shards.reduce((sum: number, { sizeBytes }: { sizeBytes: number }) => sum + sizeBytes, 0);
    await tab.page.getByTestId('run-all').click();
    await expect.poll(received, { timeout: 90_000, intervals: [20] }).toBeGreaterThan(totalBytes / 2);
    await server.kill();
    const before = await received();
    expect(before).toBeLessThan(totalBytes);
    server = await startServer(['--port', new URL(server.url).port]);
    for (const shard of SHARDS) await expectShardState(tab.page, shard, 'ready');
    expect(await readMetric(server.url, 'shoal_sent_bytes_total{kind="models"}')).toBeLessThan(
      totalBytes - before + AGAIN_BYTES,
    );
  } finally {
    await server.stop();
  }
});
