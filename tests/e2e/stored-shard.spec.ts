import { expect, test } from '@playwright/test';
import { spoilPiece } from './support/spoil-piece.ts';
import { expectShardState, joinWith, openPage, openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

test('a stored shard that went wrong is found while it is loaded, and fetched again', async ({ browser }) => {
  const server = await startTinyServer();
  try {
    const tab = await openTab(browser, server.url);
    await joinWith(tab, [1]);
    const { models } = await (await fetch(`${server.url}/config.json`)).json();
    const { shards } = await (await fetch(`${server.url}/models/${models[0].name}/manifest.json`)).json();
    const { infoHash, sizeBytes } = shards[1];
    await tab.page.evaluate(spoilPiece, `${infoHash}/0`);
    await tab.page.close();
    const reopened = await openPage(tab.context, server.url);
    await expect(async () => expect(reopened.console.join('\n')).toContain('piece 0 went wrong')).toPass({
      timeout: 20_000,
    });
    await expectShardState(reopened.page, 1, 'ready');
    const transfers = await reopened.page.evaluate(() => window.shoal.transfers());
    const transfer = transfers.find((other) => other.infoHash === infoHash);
    expect(transfer).toMatchObject({ phase: 'seeding', verified: true, receivedBytes: sizeBytes });
    // The one after that finds nothing wrong.
    await reopened.page.close();
    const again = await openPage(tab.context, server.url);
    await expectShardState(again.page, 1, 'ready');
    expect(again.console.join('\n')).not.toContain('went wrong');
  } finally {
    await server.stop();
  }
});
