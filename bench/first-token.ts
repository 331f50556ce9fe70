import type { Page } from 'playwright';
import { openPage, openTab } from '../tests/e2e/support/tab.ts';
import type { Bench } from './parts.ts';
import type { Table } from './report.ts';
import { summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';

/** Each takes ten seconds. */
const REPEATS = 3;

/** What a person who tries Shoal meets: the page opened, everything run here, the first token of the first answer. */
export async function benchFirstToken({ browser, tabs, plan }: Bench): Promise<Table> {
  announceStep('The first token after opening the page');
  const cold: number[] = [];
  const kept: number[] = [];
  for (let index = 0; index < Math.min(plan.repeats, REPEATS); index++) {
    const startedAtMs = performance.now();
    const tab = await openTab(browser, tabs.url, tabs.prepare);
    await tab.page.getByTestId('run-all').click();
    await firstToken(tab.page);
    cold.push((performance.now() - startedAtMs) / 1000);
    await tab.page.close();
    const reopenedAtMs = performance.now();
    await firstToken((await openPage(tab.context, tabs.url)).page);
    kept.push((performance.now() - reopenedAtMs) / 1000);
    await tab.context.close();
  }
  return {
    title: 'One click: run it all here',
    columns: ['nothing stored', 'reopened tab'],
    rows: [{ what: 'First token', unit: 's', cells: [summarize(cold), summarize(kept)] }],
  };
}

/** Asks as soon as the tab sees every layer covered; a looser watch than this one would add up to a second. */
export async function firstToken(page: Page): Promise<void> {
  await page.locator('[data-testid=swarm][data-state=ready]').waitFor({ state: 'attached', timeout: 0 });
  await page.evaluate(() =>
    window.shoal.engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 1 }),
  );
}
