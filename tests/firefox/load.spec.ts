import { expect, test } from '@playwright/test';
import { expectReference, france } from '../e2e/support/golden.ts';
import { startServer } from '../e2e/support/server.ts';
import { Firefox } from './support/firefox.ts';
import { expectSwarmReady, runAll } from './support/steps.ts';

test('all shards of the default model get ready in one Firefox, and stay so', async () => {
  const server = await startServer();
  const firefox = await Firefox.launch();
  try {
    const tab = await firefox.openTab(server.url, { spreadModel: false });
    // Several loads at once fill the worker's queue: Firefox then tells their progress after their end.
    await runAll(tab);
    await expectSwarmReady(tab);
    await expectReference(tab, france);
    for (const shard of [0, 1, 2, 3]) expect(await tab.attribute(`shard-${shard}`, 'data-state')).toBe('ready');
  } finally {
    await firefox.close();
    await server.stop();
  }
});
