// The example's side panel as an extension of a real browser, with the library from its tarball: it is loaded unpacked,
// opened as a side panel, asks a swarm by its link, and runs the model itself. npm's Chromium takes no extensions:
//   SHOAL_CHROMIUM=/usr/bin/chromium npm run test:extension
import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { CHROMIUM_FLAGS, findBrowser, launchBrowser } from '../../cli/browser.ts';
import type {} from '../../src/library/chat-element.ts';
import { freePorts } from '../e2e/support/free-ports.ts';
import { packLibrary, run } from '../e2e/support/packed-library.ts';
import { startTinyServer } from '../e2e/support/tiny-server.ts';

const READY_MS = 120_000;
const OPEN_MS = 20_000;
/** Of a window of 1,280. */
const MAX_PANEL_WIDTH = 700;

const folder = mkdtempSync(join(tmpdir(), 'shoal-extension-'));
const library = await packLibrary(folder);
const source = library.example('side-panel');
await run(process.execPath, ['build.js'], source);
const extension = realpathSync(join(source, 'dist'));
const origin = `chrome-extension://${idOf(extension)}`;
const server = await startTinyServer(['--allow-origin', origin]);
const serving = await launchBrowser();
const [debuggingPort] = await freePorts(1);
let context: BrowserContext | undefined;
try {
  const node = await serving.newPage();
  await node.goto(server.url);
  await node.getByTestId('run-all').click();
  await node.locator('[data-testid=swarm][data-state=ready]').waitFor({ timeout: READY_MS });
  console.log('a tab serves the model');

  context = await openWith(extension);
  const [worker] = context.serviceWorkers();
  expect((worker ?? (await context.waitForEvent('serviceworker'))).url() === `${origin}/background.js`, 'the id');
  console.log('the extension is loaded, and its service worker runs');

  const panel = await openPanel(context);
  await panel.getByLabel('Invite link').fill(`${server.url}/`);
  await panel.getByRole('button', { name: 'Enter' }).click();
  await ready(panel);
  const asked = await ask(panel);
  console.log(`the side panel asks the swarm: ${asked.slice(0, 60)}`);

  await panel.reload();
  await ready(panel);
  console.log('it knows its swarm again after a reload');

  await panel.evaluate(() => document.querySelector('shoal-chat')!.swarm!.join('all'));
  await node.close();
  const alone = await ask(panel);
  expect(alone.length > 0, 'an answer of its own');
  console.log('it runs the model itself when the tab has gone');
  console.log('✓ the side panel works as an extension');
} finally {
  await context?.close();
  await serving.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Of an unpacked extension: from its path, as letters from a to p. */
function idOf(path: string): string {
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return [...digest].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('');
}

async function openWith(path: string): Promise<BrowserContext> {
  const { executablePath, env } = await findBrowser();
  return chromium.launchPersistentContext('', {
    executablePath,
    env: { ...process.env, ...env } as Record<string, string>,
    args: [
      ...CHROMIUM_FLAGS,
      `--remote-debugging-port=${debuggingPort}`,
      `--disable-extensions-except=${path}`,
      `--load-extension=${path}`,
    ],
    ignoreDefaultArgs: ['--disable-extensions'],
  });
}

/** Opens the panel at the side of a page's window; it may be opened by a person's click alone. */
async function openPanel(browser: BrowserContext): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${origin}/panel.html`);
  await page.evaluate(() => {
    const button = document.createElement('button');
    button.textContent = 'Open the panel';
    const { sidePanel, windows } = (globalThis as unknown as { chrome: Chrome }).chrome;
    button.onclick = () => windows.getCurrent(({ id }) => void sidePanel.open({ windowId: id }));
    document.body.append(button);
  });
  await page.getByRole('button', { name: 'Open the panel' }).click();
  // A panel is no tab, so its page is seen by the debugging port alone.
  for (const until = Date.now() + OPEN_MS; Date.now() < until; await sleep(500)) {
    const seen = await chromium.connectOverCDP(`http://127.0.0.1:${debuggingPort}`);
    const pages = seen.contexts().flatMap((each) => each.pages());
    const widths = await Promise.all(pages.map((each) => each.evaluate(() => innerWidth)));
    const panel = pages.find((each, at) => each.url().startsWith(origin) && widths[at]! < MAX_PANEL_WIDTH);
    if (panel) {
      await page.close();
      return panel;
    }
    await seen.close();
  }
  throw new Error('No side panel was opened.');
}

interface Chrome {
  readonly windows: { getCurrent(then: (window: { readonly id: number }) => void): void };
  readonly sidePanel: { open(options: { readonly windowId: number }): Promise<void> };
}

async function ready(panel: Page): Promise<void> {
  await panel.waitForFunction(() => document.querySelector('shoal-chat')?.state === 'ready', undefined, {
    timeout: READY_MS,
  });
}

/** @returns the answer */
async function ask(panel: Page): Promise<string> {
  const answers = panel.locator('[part~=assistant]');
  const before = await answers.count();
  await panel.getByLabel('Your message').fill('Hello!');
  await panel.getByRole('button', { name: 'Send' }).click();
  const answer = answers.nth(before).filter({ hasText: /Answer: .+/s });
  await answer.waitFor({ timeout: READY_MS });
  return ((await answer.textContent()) ?? '').trim();
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Not as it should be: ${what}.`);
}
