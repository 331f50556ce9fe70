import type { Page } from 'playwright';
import { expectSwarmReady, type Tab } from '../tests/e2e/support/tab.ts';
import { decode } from './decode.ts';
import type { Bench } from './parts.ts';
import { prefill } from './prefill.ts';
import type { Table } from './report.ts';
import { type Distribution, ratio, summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';
import { BenchTabs } from './support/tabs.ts';

/** Every half of the model is in two tabs: the second computes again what the first has computed. */
const COPIES = 2;
/** The share of answers that are checked, of which the goals speak. */
const RATE = 0.05;
/** A tab's first answers are checked in all their stages; one of them warms up. */
const MEASURED_ANSWERS = 4;
const CHECK_TIMEOUT_MS = 60_000;

/** One kind of answer, asked by two tabs in turn. */
interface Compared {
  readonly what: string;
  /** Tokens a second, in a tab that keeps no hashes and checks nothing. */
  readonly plain: Distribution;
  /** The same in a tab that has every stage keep hashes of its rows, while no check runs. */
  readonly hashed: Distribution;
  /** From question to end, s. */
  readonly answerS: Distribution;
  /** From the answer's end until all its stages are checked, s. */
  readonly checkS: Distribution;
}

/** What it costs to keep hashes of all rows, and to compute an answer's stages again. */
export async function benchChecks({ browser, url, settings, manifest, plan }: Bench): Promise<Table[]> {
  announceStep('Checks of what others compute');
  const opener = new BenchTabs(browser, url, settings);
  const shards = manifest.shards.map(({ index }) => index);
  const halves = [shards.slice(0, shards.length / 2), shards.slice(shards.length / 2)];
  const nodes: Tab[] = [];
  // More tabs would only share the two processors.
  for (let copy = 0; copy < COPIES; copy++) for (const half of halves) nodes.push(await opener.openNode(half));
  const openAsking = async (checkOthers: boolean) => {
    const tab = await new BenchTabs(browser, url, { ...settings, checkOthers }).open();
    await expectSwarmReady(tab.page);
    return tab;
  };
  const plain = await openAsking(false);
  const compared: Compared[] = [];
  for (const kind of kindsOf(plan)) {
    // A new tab knows nobody yet, so it checks all.
    const checking = await openAsking(true);
    const asking = { plain: plain.page, checking: checking.page, stages: halves.length };
    compared.push(await compare(asking, Math.min(plan.repeats, MEASURED_ANSWERS), kind));
    await checking.context.close();
  }
  for (const { context } of [...nodes, plain]) await context.close();
  return [hashesTable(compared), checksTable(compared)];
}

function kindsOf({ decodeTokens, promptTokens }: Plan): Kind[] {
  return [
    {
      what: `Decode, ${decodeTokens} tokens`,
      answer: async (page) => (await decode(page, decodeTokens)).tokensPerSecond,
    },
    ...promptTokens.map(
      (tokens): Kind => ({
        what: `Prefill, ${tokens} tokens`,
        answer: (page, run) => prefill(page, tokens, run),
      }),
    ),
  ];
}

function hashesTable(compared: readonly Compared[]): Table {
  return {
    title: 'Hashes of all rows, kept for checks',
    columns: ['without', 'with', 'ratio'],
    rows: compared.map(({ what, plain, hashed }) => ({
      what,
      unit: 'tokens/s',
      cells: [plain, hashed, ratio(hashed, plain)],
    })),
  };
}

function checksTable(compared: readonly Compared[]): Table {
  return {
    title: 'Checks: all stages of an answer computed again by other tabs',
    columns: ['answer', 'its check', `one in ${1 / RATE}, of the answer`],
    rows: compared.map(({ what, answerS, checkS }) => ({
      what,
      unit: 's, s, %',
      cells: [answerS, checkS, 100 * RATE * ratio(checkS, answerS)],
    })),
  };
}

interface Kind {
  readonly what: string;
  /** @param run - counts up @returns tokens a second */
  answer(page: Page, run: number): Promise<number>;
}

/** The tabs that ask, and the stages of their answers. */
interface Asking {
  readonly plain: Page;
  readonly checking: Page;
  readonly stages: number;
}

async function compare(
  { plain, checking, stages }: Asking,
  repeats: number,
  { what, answer }: Kind,
): Promise<Compared> {
  let run = 0;
  // The first answers open channels.
  await answer(plain, run++);
  await checked(checking, stages, () => answer(checking, run++));
  const rates = { plain: [] as number[], hashed: [] as number[] };
  const seconds = { answers: [] as number[], checks: [] as number[] };
  for (let repeat = 0; repeat < repeats; repeat++) {
    rates.plain.push(await answer(plain, run++));
    const startedAtMs = performance.now();
    let answeredAtMs = startedAtMs;
    await checked(checking, stages, async () => {
      rates.hashed.push(await answer(checking, run++));
      answeredAtMs = performance.now();
    });
    seconds.answers.push((answeredAtMs - startedAtMs) / 1000);
    seconds.checks.push((performance.now() - answeredAtMs) / 1000);
  }
  return {
    what,
    plain: summarize(rates.plain),
    hashed: summarize(rates.hashed),
    answerS: summarize(seconds.answers),
    checkS: summarize(seconds.checks),
  };
}

/**
 * Has the page ask, and waits until it has checked so many stages more.
 * @throws Error when it has not in time
 */
async function checked(page: Page, stages: number, ask: () => Promise<unknown>): Promise<void> {
  const before = await checksDone(page);
  await ask();
  const endMs = performance.now() + CHECK_TIMEOUT_MS;
  while ((await checksDone(page)) < before + stages) {
    if (performance.now() > endMs) throw new Error(`An answer of ${stages} stages was not checked in time.`);
    await page.waitForTimeout(10);
  }
}

/** As the page's list of members says. */
function checksDone(page: Page): Promise<number> {
  return page.evaluate(() => {
    const texts = [...document.querySelectorAll('[data-testid=checked]')].map(({ textContent }) => textContent ?? '');
    return texts.reduce((sum, text) => sum + Number(/(\d+) times/.exec(text)?.[1] ?? 1), 0);
  });
}
