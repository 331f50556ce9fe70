import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Models in one page: those of the server, and those that a person brings.

const FOLDER = mkdtempSync(join(tmpdir(), 'shoal-models-'));
const [SECOND, OWN] = ['second', 'own'].map((name, index) => {
  const file = join(FOLDER, `${name}.gguf`);
  writeFileSync(file, makeTinyModel({ type: 'Q4_0', seed: 11 + index, layerCount: 4 + index }));
  return file;
}) as [string, string];

let server: TinyServer;
test.beforeAll(async () => {
  // In one shard, so that a shard's address is that of a whole model.
  server = await startTinyServer(['--model', SECOND, '--shards', '1']);
});
test.afterAll(async () => {
  await server.stop();
  rmSync(FOLDER, { recursive: true });
});

/** Answers greedily, as text. */
function ask(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { choices } = await window.shoal.engine.completions.create({ prompt: 'abc', max_tokens: 8, temperature: 0 });
    return choices[0]!.text;
  });
}

async function openPicker({ page }: Tab): Promise<void> {
  await page.getByTestId('models').click();
  await expect(page.getByTestId('model-item').first()).toBeVisible();
}

const item = ({ page }: Tab, name: string) => page.getByTestId('model-item').filter({ hasText: name });

test('the models of one server are swarms of their own, with a forecast each', async ({ browser }) => {
  const tab = await openTab(browser, server.url);
  const { page } = tab;
  await expect(page.getByTestId('models')).toContainText('tiny');
  await openPicker(tab);
  // Measured here and now: what a layer takes, and what that makes of each.
  await expect(page.getByTestId('device-facts')).toContainText('what it computes is right', { timeout: 60_000 });
  // For whoever is asked for help: what it is and does, and nothing of what was said.
  await page.evaluate(() => {
    navigator.clipboard.writeText = async (text) => void Object.assign(window, { copied: text });
  });
  await page.getByTestId('copy-report').click();
  const report = await page.evaluate(() => (window as unknown as { copied: string }).copied);
  for (const told of [/^Shoal \d/, /self-test right/, /GMAC\/s/, /room: \d+ bytes of memory/, /reach: room/])
    expect(report).toMatch(told);
  await expect(item(tab, 'second').getByTestId('forecast')).toContainText(/Runs on this device alone, at .* tokens\/s/);
  await expect(item(tab, 'tiny')).toContainText('Open now');
  await item(tab, 'second').getByTestId('model-open').click();
  await expect(page.getByTestId('models')).toContainText('second');
  await page.getByTestId('run-all').click();
  await expectSwarmReady(page);
  const text = await ask(page);
  expect(text).not.toBe('');
  await page.getByTestId('prompt').fill('Hello');
  await page.getByTestId('send').click();
  await expect(page.getByTestId('message').last()).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  // Another tab of the first model is no part of it.
  const other = await openTab(browser, server.url);
  await expect(other.page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting', { timeout: 60_000 });
  await other.context.close();
  // Back, and the conversation is still in the list.
  await openPicker(tab);
  await item(tab, 'tiny').getByTestId('model-open').click();
  await expect(page.getByTestId('models')).toContainText('tiny');
  await page.getByTestId('conversations').click();
  await expect(page.getByTestId('conversation-list')).toContainText('Hello');
  await tab.context.close();
});

test('a file of another model runs in a swarm of its own, which others enter by its link', async ({ browser }) => {
  const tab = await openTab(browser, server.url);
  const { page } = tab;
  const missing: string[] = [];
  page.on('response', (response) => response.status() >= 400 && missing.push(response.url()));
  await openPicker(tab);
  await page.getByTestId('model-file').setInputFiles(OWN);
  await expect(page.getByTestId('model-candidate')).toContainText('own.gguf');
  await page.getByTestId('candidate-open').click();
  await expect(page.getByTestId('models')).toContainText('own', { timeout: 60_000 });
  await expect(page.getByText('runs in a swarm of its own')).toBeVisible();
  await expectSwarmReady(page);
  const text = await ask(page);
  // Its server knows nothing of it: weights and manifest come from the tab.
  const link = (await page.getByTestId('invite-link').textContent())!;
  const guest = await openTab(browser, link.replace(/^https?:\/\/[^/]+/, server.url));
  await expectSwarmReady(guest.page);
  expect(await ask(guest.page)).toBe(text);
  await joinWith(guest, [0]);
  expect(missing).toEqual([]);
  // It is found again from the server's model, and deleted from there. What the other loses is told before.
  await openPicker(tab);
  await expect(item(tab, 'own')).toContainText('your private swarm');
  await item(tab, 'tiny').getByTestId('model-open').click();
  await expect(page.getByTestId('model-leaving')).toContainText('Only this tab serves shards 1, 2 and 3');
  await page.getByTestId('model-open-now').click();
  await guest.context.close();
  await expect(page.getByTestId('models')).toContainText('tiny');
  await openPicker(tab);
  await item(tab, 'own').getByRole('button', { name: 'Delete own' }).click();
  await item(tab, 'own').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(item(tab, 'own')).toHaveCount(0);
  await tab.context.close();
});

test('a link to a file opens it, and one that leads nowhere says so', async ({ browser }) => {
  const tab = await openTab(browser, server.url);
  const { page } = tab;
  await openPicker(tab);
  const open = async (link: string) => {
    await page.getByTestId('model-link').fill(link);
    await page.getByTestId('model-link-open').click();
  };
  await open('hf:owner');
  await expect(page.getByTestId('model-picker').getByRole('alert')).toContainText('expected hf:owner/repository');
  // Stands in for the hub, which the page asks what a repository has.
  await page.route('https://huggingface.co/api/models/owner/models', (route) =>
    route.fulfill({ json: { siblings: [{ rfilename: 'a-F16.gguf' }, { rfilename: 'b-F16.gguf' }] } }),
  );
  await open('hf:owner/models');
  await expect(page.getByTestId('model-picker').getByRole('alert')).toContainText('There are a-F16.gguf, b-F16.gguf.');
  await open(`${server.url}/models/second/shard-7.gguf`);
  await expect(page.getByTestId('model-picker').getByRole('alert')).toContainText('the server answers 404');
  await open(`${server.url}/models/second/shard-0.gguf`);
  await expect(page.getByTestId('models')).toContainText('shard-0', { timeout: 60_000 });
  await expectSwarmReady(page);
  expect(await ask(page)).not.toBe('');
  await tab.context.close();
});
