import { type Browser, expect, test } from '@playwright/test';
import { ask, caseName, cases, expectReference, france } from './support/golden.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import {
  expectShardState,
  expectSwarmReady,
  joinWith,
  openPage,
  openTab,
  type Tab,
  withSettings,
} from './support/tab.ts';

// Four tabs with a shard each and a guest, in separate browser contexts, on the real default model. Layers run on the
// processor where the browser has no real GPU; the last test runs them on WebGPU, whatever it is made of.

/** It spreads the model, too. */
const AS_IT_COMES = withSettings({ spreadModel: true });

test.use({ serviceWorkers: 'allow' });
test.describe.configure({ mode: 'serial' });

let server: ServerProcess;
let nodes: Tab[];
let guest: Tab;
let invite: string;

test.beforeAll(async ({ browser }) => {
  server = await startServer();
  const first = await openTab(browser, server.url, AS_IT_COMES);
  invite = ((await first.page.getByTestId('invite-link').textContent()) ?? '').trim();
  await joinWith(first, [0]);
  // Spreading the model, it fetches and seeds the shards that it does not run as well, once the swarm is whole.
  const starter = await openTab(browser, server.url);
  await joinWith(starter, [1, 2, 3]);
  await expect
    .poll(() => first.console.some((line) => line.includes('Primary shards (0-3): 4/4 seeded')), { timeout: 60_000 })
    .toBe(true);
  await starter.context.close();
  nodes = [first];
  for (const shard of [1, 2, 3]) nodes.push(await openNodeWithoutWebSeed(browser, shard));
});

test.afterAll(async () => {
  await Promise.all([...(nodes ?? []), ...(guest ? [guest] : [])].map(({ context }) => context.close()));
  expect(await server?.stop()).toBe(0);
});

/** A tab for which the server's copy of the weights does not exist: every byte comes from other tabs. */
async function openNodeWithoutWebSeed(browser: Browser, shard: number): Promise<Tab> {
  const tab = await openTab(browser, invite, async (context) => {
    await AS_IT_COMES(context);
    await context.route(/shard-\d+\.gguf/, (route) => route.abort());
  });
  await joinWith(tab, [shard]);
  return tab;
}

test('the swarm is ready in every tab, and in a guest that holds nothing', async ({ browser }) => {
  for (const { page } of nodes) await expectSwarmReady(page);
  await expect(nodes[0]!.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '4');
  guest = await openTab(browser, invite, AS_IT_COMES);
  await expectSwarmReady(guest.page);
});

test('a prompt typed into the page is answered, and the answer is the reference', async () => {
  const { page } = guest;
  await page.getByTestId('settings').locator('summary').click();
  await page.getByLabel(/temperature/i).fill('0');
  await page.keyboard.press('Escape');
  await page.getByTestId('prompt').fill(france.messages![0]!.content);
  await page.getByTestId('prompt').press('Enter');
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  await expect(answer).toContainText('The capital of France is Paris.');
  await expect(answer).toContainText(/\d tokens\/s · first token after [\d.]+ s, \d+ new prompt tokens · on 4 tabs/);
  await expect(page.getByTestId('lap-stage')).toHaveCount(4);
  for (const { console: lines } of nodes)
    expect(lines.some((line) => line.includes('[EXECUTE_TASK] Processing inference for shard'))).toBe(true);
});

for (const [index, greedy] of cases.entries()) test(caseName(index, greedy), () => expectReference(guest, greedy));

test('an answer is JSON of a schema, and one calls a function, where a program asks for it', async () => {
  const answers = await guest.page.evaluate(async () => {
    const { engine } = window.shoal;
    const city = { type: 'object', properties: { name: { type: 'string', maxLength: 20 } }, required: ['name'] };
    const asked = { messages: [{ role: 'user' as const, content: 'Name the capital of France.' }], temperature: 0 };
    const schema = JSON.stringify(city);
    const json = await engine.chat.completions.create({ ...asked, response_format: { type: 'json_object', schema } });
    const tools = [{ type: 'function' as const, function: { name: 'find_city', parameters: city } }];
    const call = await engine
      .beside('calls')
      .chat.completions.create({ ...asked, tools, tool_choice: 'required' as never });
    return { text: json.choices[0]!.message.content!, calls: call.choices[0]!.message.tool_calls! };
  });
  expect(JSON.parse(answers.text)).toEqual({ name: expect.any(String) });
  expect(answers.calls).toMatchObject([{ type: 'function', function: { name: 'find_city' } }]);
  expect(JSON.parse(answers.calls[0]!.function.arguments)).toEqual({ name: expect.any(String) });
});

test('one tab with all four shards gives the same numbers bit for bit', async ({ browser }) => {
  const split = await ask(guest, france, 12);
  const alone = await startServer();
  try {
    const tab = await openTab(browser, alone.url);
    await tab.page.getByTestId('run-all').click();
    for (let shard = 0; shard < 4; shard++) await expectShardState(tab.page, shard, 'ready');
    await expectSwarmReady(tab.page);
    const whole = await ask(tab, france, 12);
    expect(whole.text.length).toBeGreaterThan(0);
    expect(whole).toEqual(split);
    await tab.context.close();
  } finally {
    await alone.stop();
  }
});

test('the verification passes on the whole swarm', async () => {
  const checks = await guest.page.evaluate(() => window.shoal.verify());
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(checks.length).toBeGreaterThan(20);
});

test('a reopened tab loads its shard from storage and moves no byte of it', async () => {
  const { context, page } = nodes[3]!;
  await page.close();
  const reopened = await openPage(context, invite);
  nodes[3] = reopened;
  await expectShardState(reopened.page, 3, 'ready');
  await expectSwarmReady(reopened.page);
  const row = reopened.page.getByTestId('shard-3');
  await expect(row).toContainText('hash verified');
  const received = await reopened.page.evaluate(async () => {
    const { models } = await (await fetch('/config.json')).json();
    const { shards } = await (await fetch(`/models/${models[0].name}/manifest.json`)).json();
    return window.shoal.transfers().find(({ infoHash }) => infoHash === shards[3].infoHash)?.receivedBytes;
  });
  expect(received).toBe(0);
  expect(reopened.console.join('\n')).toContain('[SHARD] ✓✓✓ SHARD 3 LOADED BEFORE JOINING NETWORK ✓✓✓');
  await expectReference(guest, france);
});

test('a node that goes in mid-answer does not end it: the tab that asks fetches its layers', async () => {
  const { page } = guest;
  await page.getByTestId('prompt').fill('Tell me a long story about a lighthouse.');
  await page.getByTestId('prompt').press('Enter');
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect.poll(async () => ((await answer.textContent()) ?? '').length, { timeout: 60_000 }).toBeGreaterThan(20);
  await nodes[1]!.page.close();
  await expectShardState(page, 1, 'ready');
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 90_000 });
  await expectSwarmReady(page);
});
