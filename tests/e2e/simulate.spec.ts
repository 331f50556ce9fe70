import { type Browser, expect, type Page, test } from '@playwright/test';
import { auditPage } from './support/axe.ts';
import { type StaticSite, serveFiles } from './support/static-site.ts';

test.use({ serviceWorkers: 'allow' });

// The page over a simulation, from a host that has its files and nothing else.

let site: StaticSite;
test.beforeAll(async () => {
  site = await serveFiles('dist');
});
test.afterAll(() => site?.close());

const ABOUT = 'How does Shoal work?';
/** Begins and ends an answer as the page shows it. */
const LAST_WORDS = 'no model has computed it.';

interface Simulation {
  readonly page: Page;
  /** What the page has asked for, and how it was answered. */
  readonly asked: readonly string[];
  readonly errors: readonly string[];
}

async function simulate(browser: Browser, search: string, locale = 'en-US'): Promise<Simulation> {
  const context = await browser.newContext({ locale });
  const page = await context.newPage();
  const asked: string[] = [];
  const errors: string[] = [];
  context.on('response', (response) => asked.push(`${response.status()} ${response.url()}`));
  context.on('requestfailed', (request) => asked.push(`failed ${request.url()}`));
  page.on('websocket', (socket) => asked.push(`socket ${socket.url()}`));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(`${site.origin}/${search}`);
  await expect(page.getByTestId('simulation')).toBeVisible();
  return { page, asked, errors };
}

async function ask(page: Page, prompt: string): Promise<void> {
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'ready');
  await page.getByTestId('prompt').fill(prompt);
  await page.getByTestId('send').click();
}

/** The last answer, once it is whole. */
async function answered(page: Page, timeout = 60_000): Promise<string> {
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout });
  return (await answer.textContent()) ?? '';
}

test('five devices answer in a page that asks nobody, and says what it is', async ({ browser }) => {
  const { page, asked, errors } = await simulate(browser, '?simulate=5');
  await expect(page.getByTestId('simulation')).toContainText('5 devices beside this tab are made up');
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '5');
  await expect(page.getByTestId('member')).toHaveCount(5);
  await expect(page.getByTestId('simulation-wrong')).toHaveCount(0);
  await ask(page, 'Write a haiku about a school of fish.');
  expect(await answered(page)).toContain('the reef holds its breath.');
  await expect(page.getByTestId('lap-stage')).toHaveCount(4);
  // The list of models asks no server, and takes none of one's own.
  await page.getByTestId('models').click();
  await expect(page.getByTestId('model-item')).toHaveCount(1);
  await page.getByTestId('model-link').fill(`${site.origin}/model.gguf`);
  await page.getByTestId('model-link').press('Enter');
  await expect(page.getByTestId('model-picker')).toContainText('A simulation keeps nothing');
  await page.keyboard.press('Escape');
  // This tab takes part too.
  await page.getByTestId('shard-1-pick').check();
  await page.getByTestId('join').click();
  await expect(page.getByTestId('shard-1')).toHaveAttribute('data-state', 'ready');
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '6');
  await page.reload();
  // Nothing is kept.
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '5');
  await expect(page.getByTestId('message')).toHaveCount(0);
  const kept = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return [...databases.map(({ name }) => name), ...Object.keys(localStorage)];
  });
  expect(kept).toEqual([]);
  // Code for later comes by itself.
  await page.waitForTimeout(4000);
  const own = new RegExp(`^200 ${site.origin}/(\\?simulate=5|icon\\.svg|manifest\\.webmanifest|assets/[\\w.-]+)$`);
  expect(asked.filter((what) => !own.test(what))).toEqual([]);
  expect(asked.filter((what) => what.includes('/assets/simulated-world-')).length).toBeGreaterThan(0);
  expect(errors).toEqual([]);
  expect(await auditPage(page)).toEqual([]);
  await page.context().close();
});

test('a liar is found, and named', async ({ browser }) => {
  const { page } = await simulate(browser, '?simulate=5&liar=1');
  await expect(page.getByTestId('member')).toHaveCount(5);
  await ask(page, 'Write a haiku about a school of fish.');
  await answered(page);
  const row = page.locator('[data-testid=timeline-row][data-kind=expelled]');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Mia’s desktop is left out');
  await page.context().close();
});

test('an answer goes on when a device leaves in its middle', async ({ browser }) => {
  const { page } = await simulate(browser, '?simulate=4&leaves=5');
  await expect(page.getByTestId('member')).toHaveCount(4);
  await ask(page, ABOUT);
  const answer = await answered(page, 120_000);
  expect(answer).toContain(LAST_WORDS);
  await expect(page.locator('[data-testid=timeline-row][data-kind=lost]').first()).toBeVisible();
  await page.context().close();
});

test('what the address says wrong is told, in the language of the reader', async ({ browser }) => {
  const { page } = await simulate(browser, '?simulate=99&joins=0', 'de-DE');
  await expect(page.getByTestId('simulation')).toContainText('Das ist eine Simulation.');
  await expect(page.getByTestId('simulation-wrong')).toHaveText([
    '„simulate=99“ in der Adresse ist keine ganze Zahl von 1 bis 24: Es gilt 5.',
    '„joins=0“ in der Adresse ist keine ganze Zahl von 2 bis 3600: Das entfällt.',
  ]);
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '5');
  await page.getByTestId('example').first().click();
  expect(await answered(page)).toContain('Die Hauptstadt von Frankreich ist Paris.');
  await page.context().close();
});

test('without the parameter none of its code comes', async ({ browser }) => {
  const page = await browser.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(site.origin);
  // Nobody serves a model here.
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'offline');
  await page.waitForTimeout(4000);
  expect(asked.filter((url) => /simulat/.test(url))).toEqual([]);
  await expect(page.getByTestId('simulation')).toHaveCount(0);
  await page.close();
});
