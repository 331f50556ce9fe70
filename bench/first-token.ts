import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright';
import { expectSwarmReady, openPage, openTab } from '../tests/e2e/support/tab.ts';
import type { Row, Table } from './report.ts';
import { type Distribution, summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';
import type { Bench } from './swarm.ts';

/** What a person who tries Shoal meets: the page opened, everything run here, the first token of the first answer. */
export async function benchFirstToken({ browser, tabs, plan }: Bench): Promise<Table> {
  announceStep('The first token after opening the page');
  const cold: number[] = [];
  const kept: number[] = [];
  const peaks: number[] = [];
  for (let index = 0; index < Math.min(plan.repeats, 3); index++) {
    const startedAtMs = performance.now();
    const tab = await openTab(browser, tabs.url, tabs.prepare);
    await tab.page.getByTestId('run-all').click();
    await firstToken(tab.page);
    cold.push((performance.now() - startedAtMs) / 1000);
    peaks.push(...(await rendererPeaksMiB(browser)));
    await tab.page.close();
    const reopenedAtMs = performance.now();
    await firstToken((await openPage(tab.context, tabs.url)).page);
    kept.push((performance.now() - reopenedAtMs) / 1000);
    await tab.context.close();
  }
  const rows: Row[] = [{ what: 'First token', unit: 's', cells: [summarize(cold), summarize(kept)] }];
  if (peaks.length > 0) rows.push({ what: 'Renderer peak (resident)', unit: 'MiB', cells: [largest(peaks)] });
  return { title: 'One click: run it all here', columns: ['nothing stored', 'reopened tab'], rows };
}

async function firstToken(page: Page): Promise<void> {
  await expectSwarmReady(page);
  await page.evaluate(() =>
    window.shoal.engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 1 }),
  );
}

/** Of every renderer alive, where the system tells: Linux does. */
async function rendererPeaksMiB(browser: Browser): Promise<number[]> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  return processInfo.flatMap(({ type, id }) => {
    try {
      const peak = type === 'renderer' && /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'));
      return peak ? [Number(peak[1]) / 1024] : [];
    } catch {
      return [];
    }
  });
}

function largest(samples: readonly number[]): Distribution {
  return { median: Math.max(...samples), spread: 0 };
}
