import type { Page } from 'playwright';
import { openPage } from '../tests/e2e/support/tab.ts';
import { firstToken } from './first-token.ts';
import type { Bench } from './parts.ts';
import type { Row, Table } from './report.ts';
import { announceStep } from './support/progress.ts';
import { RendererWatch, rendererProcesses } from './support/renderer-memory.ts';
import { waitUntilReady } from './support/tabs.ts';
import { openWllama } from './wllama.ts';

/**
 * What the page's own renderer holds at most, in each way that a person may use it. The shards come from another tab:
 * DevTools, by which the benchmark speaks to the page, keeps 100 MB of what it fetches from a server.
 */
export async function benchMemory(bench: Bench): Promise<Table> {
  announceStep('Memory');
  const { browser, tabs, manifest } = bench;
  const shards = manifest.shards.map(({ index }) => index);
  let others: readonly number[] = [];
  const watched = async (what: string, run: () => Promise<unknown>): Promise<Row> => {
    const watch = await RendererWatch.start(browser, others);
    await run();
    const [largest] = await watch.stop();
    return { what, unit: 'MiB', cells: largest ? [largest.peakMiB, largest.residentPeakMiB] : [] };
  };
  const rows: Row[] = [];
  const blank = await browser.newContext();
  let page: Page = await blank.newPage();
  rows.push(await watched('An empty page', () => page.goto('about:blank')));
  await blank.close();
  const giver = await tabs.openNode(shards);
  others = await rendererProcesses(await browser.newBrowserCDPSession());
  const tab = await tabs.open({ blockServer: true });
  rows.push(await watched('Shoal, before joining', () => tab.page.waitForFunction(() => window.shoal?.peerId)));
  const runAll = async () => {
    await tab.page.getByTestId('run-all').click();
    await waitUntilReady(tab.page, shards);
    await firstToken(tab.page);
  };
  rows.push(await watched('Shoal, every shard fetched and run', runAll));
  await tab.page.close();
  await giver.context.close();
  const reopen = async () => {
    ({ page } = await openPage(tab.context, tabs.url));
    await firstToken(page);
  };
  rows.push(await watched('Shoal, every shard stored and run', reopen));
  await tab.context.close();
  if (!bench.plan.model) {
    const wllama = await openWllama(browser);
    const run = async () => {
      await wllama.load(bench.modelFile, 1);
      await wllama.run('Hello!', 1);
    };
    rows.push(await watched('wllama, the file in memory', run));
    await wllama.close();
  }
  const bytes = manifest.shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  rows.push({ what: "The shards' files", unit: 'MiB', cells: [bytes / 2 ** 20] });
  return { title: "Peak of the largest renderer's memory", columns: ['less what files back', 'all'], rows };
}
