import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright';
import { CHROMIUM_FLAGS, findBrowser } from '../../../cli/browser.ts';
import { startPreviewServer } from './preview-server.ts';
import { PREVIEW_STATES } from './preview-states.ts';

// Pictures of the page in every state: `node tests/e2e/support/preview-screenshots.ts [state…]`.
const FOLDER = 'test-results/preview';
const SCREENS = [
  { name: 'desktop', viewport: { width: 1440, height: 900 } },
  { name: 'tall', viewport: { width: 1280, height: 2200 } },
  { name: 'phone', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
];

const chosen = process.argv.slice(2);
const states = chosen.length > 0 ? chosen : Object.keys(PREVIEW_STATES);
mkdirSync(FOLDER, { recursive: true });
const { executablePath, env } = await findBrowser();
const server = await startPreviewServer();
const browser = await chromium.launch({
  executablePath,
  env: { ...process.env, ...env } as Record<string, string>,
  args: CHROMIUM_FLAGS,
});
for (const { name: screen, ...device } of SCREENS) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ ...device, colorScheme });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`${screen}: ${error.stack}`));
    for (const state of states) {
      await page.goto(server.pageUrl(state));
      await page.getByTestId('swarm').waitFor({ state: 'attached' });
      await page.screenshot({ path: `${FOLDER}/${state}-${screen}-${colorScheme}.png` });
      if (state === 'conversations') {
        await page.getByTestId('conversations').click();
        await page
          .getByRole('button', { name: /^More about/ })
          .first()
          .click();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-list-${colorScheme}.png` });
        await page.keyboard.press('Escape');
      }
      if (state === 'first') {
        await page.getByTestId('models').click();
        await page.getByTestId('forecast').first().waitFor();
        await page.getByText('With more devices').nth(1).click();
        await page.screenshot({ path: `${FOLDER}/${state}-${screen}-models-${colorScheme}.png` });
        await page.keyboard.press('Escape');
      }
      if (screen !== 'phone') continue;
      await page.getByRole('button', { name: 'Swarm', exact: true }).click();
      await page.screenshot({ path: `${FOLDER}/${state}-${screen}-swarm-${colorScheme}.png` });
    }
    await context.close();
  }
}
await browser.close();
await server.close();
