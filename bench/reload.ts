import type { Page } from 'playwright';
import type { Tab } from '../tests/e2e/support/tab.ts';
import type { Bench } from './parts.ts';
import type { Table } from './report.ts';
import { type Distribution, summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';
import { BenchTabs, waitUntilReady } from './support/tabs.ts';

/** Each takes half a minute. */
const REPEATS = 2;
/** Of a question, each some four tokens; fewer where the context is short. */
const WORDS = 300;
const SMOKE_WORDS = 60;
/** Of each answer. */
const MAX_TOKENS = 16;

/** What becomes of a long conversation between its first question and its second. */
const CASES = ['page stays open', 'reload, kept', 'reload, computed anew'] as const;

/** A long conversation's second question: seconds to the first token, and what a reload in between costs. */
export async function benchReload(bench: Bench): Promise<Table> {
  const tabs = new BenchTabs(bench.browser, bench.url, { ...bench.settings, maxTokens: MAX_TOKENS, temperature: 0 });
  const shards = bench.manifest.shards.map(({ index }) => index);
  const rows: Table['rows'][number][] = [];
  announceStep('A reload in a long conversation: one tab');
  rows.push({ what: 'One tab runs all layers', unit: 's', cells: await measure(bench, () => openAlone(tabs, shards)) });
  announceStep('A reload in a long conversation: a tab for each shard');
  const nodes = await Promise.all(shards.map((shard) => tabs.openNode([shard])));
  rows.push({ what: `A guest of ${nodes.length} tabs`, unit: 's', cells: await measure(bench, () => tabs.open()) });
  await Promise.all(nodes.map(({ context }) => context.close()));
  return { title: 'The next question of a long conversation: first token', columns: CASES, rows };
}

async function openAlone(tabs: BenchTabs, shards: readonly number[]): Promise<Tab> {
  const tab = await tabs.open();
  await tab.page.getByTestId('run-all').click();
  await waitUntilReady(tab.page, shards);
  return tab;
}

async function measure({ plan }: Bench, open: () => Promise<Tab>): Promise<Distribution[]> {
  const seconds = CASES.map((): number[] => []);
  const words = plan.model ? SMOKE_WORDS : WORDS;
  const question = Array.from({ length: words }, (_, index) => `Hello ${index}`).join(' ');
  for (let repeat = 0; repeat < Math.min(plan.repeats, REPEATS); repeat++) {
    for (const [index, what] of CASES.entries()) {
      const tab = await open();
      const { page } = tab;
      await untilWhole(page);
      await ask(page, question, 1);
      await expectDone(page);
      await untilKept(tab);
      if (what === 'reload, computed anew') await forget(page);
      if (what !== 'page stays open') {
        await page.reload();
        await page.getByTestId('message').nth(1).waitFor();
        await untilWhole(page);
      }
      seconds[index]!.push(await ask(page, 'And then?', 2));
      await expectDone(page);
      await tab.context.close();
    }
  }
  return seconds.map(summarize);
}

/** @throws Error with the reason where it is not kept */
async function untilKept({ page, console: lines }: Tab): Promise<void> {
  for (;;) {
    if (lines.some((line) => line.includes('tokens at') && line.includes('is kept for a reload'))) return;
    const refusal = lines.find((line) => line.includes('not kept for a reload'));
    if (refusal) throw new Error(refusal);
    await page.waitForTimeout(100);
  }
}

async function untilWhole(page: Page): Promise<void> {
  await page.locator('[data-testid=swarm][data-state=ready]').waitFor({ state: 'attached', timeout: 0 });
}

/** @returns seconds until some of the conversation's answer of this number is there */
async function ask(page: Page, question: string, number: number): Promise<number> {
  await page.getByTestId('prompt').fill(question);
  const startedAtMs = performance.now();
  await page.getByTestId('prompt').press('Enter');
  await page.waitForFunction(
    (number) => {
      const answers = document.querySelectorAll('[data-testid=message][data-role=assistant]');
      return answers.length === number && answers[number - 1]!.querySelector('[data-testid=message-text]')?.textContent;
    },
    number,
    { timeout: 0 },
  );
  return (performance.now() - startedAtMs) / 1000;
}

async function expectDone(page: Page): Promise<void> {
  await page
    .locator('[data-testid=message][data-role=assistant]')
    .last()
    .and(page.locator('[data-state=done]'))
    .waitFor();
}

/** The page does not know any more under which names its conversations are kept. */
function forget(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('shoal-kept-conversations');
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('kept', 'readwrite');
          transaction.objectStore('kept').clear();
          transaction.oncomplete = () => resolve(opening.result.close());
          transaction.onerror = () => reject(transaction.error);
        };
      }),
  );
}
