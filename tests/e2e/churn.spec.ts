import { type Browser, expect, test } from '@playwright/test';
import { seededRandom } from '../fixtures/random.ts';
import { crash, leave } from './support/faults.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Eight tabs: six come and go, two ask without a pause. SHOAL_CHURN_SECONDS=600 runs it for ten minutes.

const { SHOAL_CHURN_SECONDS = '120' } = process.env;
const SECONDS = Number(SHOAL_CHURN_SECONDS);
/** Tabs that go and come in that time; on a busy machine it takes longer. */
const LEAST_CHANGES = Math.floor(SECONDS / 20) + 1;
const SHARDS = 3;
const COPIES = 2;
const ASKERS = 2;
const TOKENS = 120;
const SEED = 20;

let server: TinyServer;
let nodes: { readonly shard: number; readonly tab: Tab }[] = [];
const askers: Tab[] = [];

test.beforeAll(async () => {
  server = await startTinyServer(['--shards', String(SHARDS)], { type: 'Q4_1', contextLength: 512 });
});

test.afterAll(async () => {
  await Promise.all([...askers, ...nodes.map(({ tab }) => tab)].map(({ context }) => context.close()));
  await server.stop();
});

async function addNode(browser: Browser, shard: number): Promise<void> {
  const tab = await openTab(browser, server.url);
  await joinWith(tab, [shard]);
  const peerId = await (await tab.page.waitForFunction(() => window.shoal.peerId)).jsonValue();
  // Its shard may serve before the others have heard of it.
  for (const asker of askers) await expect.poll(() => knows(asker, peerId), { timeout: 30_000 }).toBe(true);
  nodes.push({ shard, tab });
}

function knows({ page }: Tab, peerId: string): Promise<boolean> {
  return page.evaluate(
    (id) => window.shoal.peers().some((peer) => peer.peerId === id && peer.ready.length > 0),
    peerId,
  );
}

interface Asking {
  readonly texts: string[];
  readonly errors: string[];
  /** Longest time between two tokens of each answer, ms. */
  readonly pausesMs: number[];
  stop: boolean;
  done: boolean;
}

/** Asks the same question again and again until it is told to stop. */
function startAsking({ page }: Tab): Promise<void> {
  return page.evaluate((maxTokens) => {
    const asking: Asking = { texts: [], errors: [], pausesMs: [], stop: false, done: false };
    Object.assign(window, { asking });
    void (async () => {
      while (!asking.stop) {
        try {
          const chunks = await window.shoal.engine.chat.completions.create({
            messages: [{ role: 'user', content: 'Hello' }],
            ...{ stream: true, temperature: 0, max_tokens: maxTokens, ignore_eos: true },
          });
          let text = '';
          let pauseMs = 0;
          let lastMs: number | undefined;
          for await (const chunk of chunks as AsyncIterable<{ choices: { delta: { content?: string } }[] }>) {
            text += chunk.choices[0]?.delta.content ?? '';
            const now = performance.now();
            if (lastMs !== undefined) pauseMs = Math.max(pauseMs, now - lastMs);
            lastMs = now;
          }
          asking.texts.push(text);
          asking.pausesMs.push(pauseMs);
        } catch (error) {
          asking.errors.push((error as Error).message);
        }
      }
      asking.done = true;
    })();
  }, TOKENS);
}

function askingOf({ page }: Tab): Promise<Asking> {
  return page.evaluate(() => (window as unknown as { asking: Asking }).asking);
}

/** JavaScript's memory in a tab after a collection, MiB. */
async function heapMiB({ page, context }: Tab): Promise<number> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize / 1024 ** 2;
}

test('tabs come and go under constant prompts: every answer is right, none hangs', async ({ browser }) => {
  test.setTimeout((3 * SECONDS + 200) * 1000);
  const random = seededRandom(SEED);
  for (let copy = 0; copy < COPIES; copy++) for (let shard = 0; shard < SHARDS; shard++) await addNode(browser, shard);
  for (let asker = 0; asker < ASKERS; asker++) askers.push(await openTab(browser, server.url));
  for (const asker of askers) {
    await expectSwarmReady(asker.page);
    await expect(asker.page.getByTestId('swarm')).toHaveAttribute('data-nodes', String(SHARDS * COPIES));
    await startAsking(asker);
  }
  await expect.poll(async () => (await askingOf(askers[0]!)).texts.length, { timeout: 60_000 }).toBeGreaterThan(0);
  const startMiB = await heapMiB(askers[0]!);
  const counts = { leaves: 0, crashes: 0 };
  const endMs = Date.now() + SECONDS * 1000;
  while (Date.now() < endMs || counts.leaves + counts.crashes < LEAST_CHANGES) {
    const { shard, tab } = nodes[Math.floor(random() * nodes.length)]!;
    nodes = nodes.filter((node) => node.tab !== tab);
    if (random() < 0.5) {
      counts.leaves++;
      await leave(tab);
    } else {
      counts.crashes++;
      await crash(tab);
      await tab.context.close();
    }
    await addNode(browser, shard);
  }
  const texts: string[] = [];
  for (const asker of askers) {
    await asker.page.evaluate(() => {
      (window as unknown as { asking: Asking }).asking.stop = true;
    });
    await expect.poll(async () => (await askingOf(asker)).done, { timeout: 60_000 }).toBe(true);
    const { texts: own, errors, pausesMs } = await askingOf(asker);
    expect(errors).toEqual([]);
    texts.push(...own);
    const sorted = pausesMs.sort((a, b) => a - b);
    console.log(
      `${own.length} answers, longest pauses of an answer: median ${sorted[sorted.length >> 1]?.toFixed(0)} ms, worst ${sorted.at(-1)?.toFixed(0)} ms`,
    );
  }
  const endMiB = await heapMiB(askers[0]!);
  console.log(
    `${SECONDS} s: ${counts.leaves} left, ${counts.crashes} crashed, ${texts.length} answers; heap ${startMiB.toFixed(0)} -> ${endMiB.toFixed(0)} MiB`,
  );
  expect(new Set(texts).size).toBe(1);
});
