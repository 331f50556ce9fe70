import { type Browser, expect, test } from '@playwright/test';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// A node goes in mid-answer while a spare holds its layers: the answer is the very one that it would have been.

/** Long enough that the answer is under way whenever the fault comes. */
const TOKENS = 1000;

let server: TinyServer;
let nodes: Tab[];
let guest: Tab;

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 2048 });
  guest = await openTab(browser, server.url);
  nodes = [];
  for (const shard of [0, 1, 2, 3]) nodes.push(await openNode(browser, shard));
  await expectSwarmReady(guest.page);
});

test.afterAll(async () => {
  await Promise.all([guest, ...nodes].map(({ context }) => context.close()));
  await server.stop();
});

async function openNode(browser: Browser, shard: number): Promise<Tab> {
  const tab = await openTab(browser, server.url);
  await joinWith(tab, [shard]);
  return tab;
}

interface Told {
  readonly ids: readonly number[];
  /** Longest time between two tokens, ms. */
  readonly pauseMs: number;
  readonly peers: readonly string[];
}

/** A greedy answer; `disturb` runs once the 20th token is there. */
async function tell(disturb?: () => Promise<unknown>): Promise<Told> {
  const { page } = guest;
  await page.evaluate((tokens) => {
    const told = { ids: [] as number[], times: [] as number[], done: false, error: '' };
    Object.assign(window, { told });
    void (async () => {
      try {
        const chunks = await window.shoal.engine.chat.completions.create({
          messages: [{ role: 'user', content: 'Hello' }],
          ...{ stream: true, temperature: 0, max_tokens: tokens, logprobs: true, ignore_eos: true },
        });
        for await (const chunk of chunks as AsyncIterable<{
          choices: { logprobs?: { content: { bytes: number[] | null }[] } | null }[];
        }>) {
          for (const token of chunk.choices[0]?.logprobs?.content ?? []) {
            told.ids.push(...(token.bytes ?? []));
            told.times.push(performance.now());
          }
        }
      } catch (error) {
        told.error = (error as Error).message;
      }
      told.done = true;
    })();
  }, TOKENS);
  const state = () =>
    page.evaluate(
      () => (window as unknown as { told: { ids: number[]; times: number[]; done: boolean; error: string } }).told,
    );
  if (disturb) {
    await expect
      .poll(async () => (await state()).times.length, { timeout: 60_000, intervals: [50] })
      .toBeGreaterThan(20);
    await disturb();
  }
  await expect.poll(async () => (await state()).done, { timeout: 120_000 }).toBe(true);
  const { ids, times, error } = await state();
  expect(error).toBe('');
  const pauseMs = Math.max(...times.slice(1).map((time, index) => time - times[index]!));
  const peers = await page.evaluate(() => window.shoal.lap?.stages.map(({ peerId }) => peerId) ?? []);
  return { ids, pauseMs, peers };
}

for (const [lost, how] of [
  [1, 'is closed'],
  [2, 'crashes'],
  [3, 'crashes, the last stage'],
  [0, 'is closed, the first stage'],
] as const) {
  test(`a tab ${how}: a spare takes over, token for token`, async ({ browser }) => {
    const undisturbed = await tell();
    const spare = await openNode(browser, lost);
    await expect.poll(() => guest.page.evaluate(() => window.shoal.peers().length), { timeout: 20_000 }).toBe(5);
    // The spare may be the faster of the two and in the route already: the one that is in it goes.
    const disturbed = await tell(async () => {
      const used = await guest.page.evaluate((index) => window.shoal.lap!.stages[index]!.peerId, lost);
      const spareIsUsed = (await spare.page.evaluate(() => window.shoal.peerId)) === used;
      const victim = spareIsUsed ? spare : nodes[lost]!;
      nodes[lost] = spareIsUsed ? nodes[lost]! : spare;
      if (how.startsWith('crashes')) {
        const devtools = await victim.context.newCDPSession(victim.page);
        await Promise.race([
          devtools.send('Page.crash').catch(() => undefined),
          new Promise((resolve) => setTimeout(resolve, 500)),
        ]);
      } else await victim.context.close();
    });
    expect(disturbed.ids).toEqual(undisturbed.ids);
    expect(disturbed.peers).not.toEqual(undisturbed.peers);
    console.log(
      `${how}: longest pause ${disturbed.pauseMs.toFixed(0)} ms, ${undisturbed.pauseMs.toFixed(0)} ms undisturbed`,
    );
  });
}
