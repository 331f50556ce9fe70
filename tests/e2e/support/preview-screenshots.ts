import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openPreviewBrowser } from './preview-browser.ts';
import { startPreviewServer } from './preview-server.ts';
import { PREVIEW_STATES } from './preview-states.ts';

// Pictures of the page in every state: `node tests/e2e/support/preview-screenshots.ts [--locale=de-DE] [--rtl] [state…]`.
const FOLDER = 'test-results/preview';
const SCREENS = [
  { name: 'desktop', viewport: { width: 1440, height: 900 } },
  { name: 'tablet', viewport: { width: 1024, height: 768 } },
  { name: 'tall', viewport: { width: 1280, height: 2200 } },
  { name: 'phone', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  { name: 'small', viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
];

const { values, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: { locale: { type: 'string', default: 'en-US' }, rtl: { type: 'boolean', default: false } },
});
const states = chosen.length > 0 ? chosen : Object.keys(PREVIEW_STATES);
mkdirSync(FOLDER, { recursive: true });
const server = await startPreviewServer();
const browser = await openPreviewBrowser();
for (const { name: screen, ...device } of SCREENS) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ ...device, colorScheme, locale: values.locale });
    const page = await context.newPage();
    if (values.rtl)
      await page.addInitScript(
        "document.addEventListener('DOMContentLoaded', () => { document.documentElement.dir = 'rtl'; })",
      );
    page.on('pageerror', (error) => console.error(`${screen}: ${error.stack}`));
    for (const state of states) {
      await page.goto(server.pageUrl(state));
      await page.getByTestId('swarm').waitFor({ state: 'attached' });
      await page.screenshot({ path: `${FOLDER}/${state}-${screen}-${colorScheme}.png` });
      if (state === 'conversations') {
        await page.getByTestId('conversations').click();
        await page.locator('.conversation-line [aria-expanded]').first().click();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-list-${colorScheme}.png` });
        await page.keyboard.press('Escape');
      }
      if (state === 'ready') {
        await page.evaluate(
          "window.preview.tokens = 'The tides are the sea breathing in and out .'.split(' ').map((word, at) => ({ text: ' ' + word, share: 1 / (1 + at % 4), others: [{ text: ' a', share: 0.2 }, { text: '\\n', share: 0.004 }] }))",
        );
        await page.evaluate(
          'window.preview.messages.value = window.preview.messages.value.map((message) => ({ ...message }))',
        );
        await page.getByTestId('tokens').last().click();
        await page.getByTestId('token').nth(2).click();
        await page.getByTestId('token-others').scrollIntoViewIfNeeded();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-tokens-${colorScheme}.png` });
      }
      if (state === 'downloading') {
        await page.getByTestId('shard-0-about').click();
        await page.getByTestId('shard-0-pause').click();
        await page.getByTestId('shard-0-details').scrollIntoViewIfNeeded();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-details-${colorScheme}.png` });
      }
      if (state === 'hub') {
        for (const shard of [0, 1, 2]) await page.getByTestId(`shard-${shard}-about`).click();
        await page.getByTestId('shard-0-details').scrollIntoViewIfNeeded();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-details-${colorScheme}.png` });
      }
      if (state === 'first') {
        await page.getByTestId('foretell').click();
        await page.getByTestId('join-forecast').waitFor();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-forecast-${colorScheme}.png` });
        await page.getByTestId('models').click();
        await page.getByTestId('forecast').first().waitFor();
        await page.locator('.model-item summary').nth(1).click();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-models-${colorScheme}.png` });
        await page.keyboard.press('Escape');
      }
      if (!device.isMobile) continue;
      await page.locator('.view-switch button').first().click();
      await page.screenshot({ path: `${FOLDER}/${state}-${screen}-swarm-${colorScheme}.png` });
    }
    await context.close();
  }
}
await browser.close();
await server.close();
