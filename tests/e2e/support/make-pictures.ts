import { mkdirSync, readFileSync } from 'node:fs';
import { buildPage } from '../../../cli/page-build.ts';
import { openPreviewBrowser } from './preview-browser.ts';
import { serveFiles } from './static-site.ts';

// The pictures of README and of the installed page, from a simulation: `npx node tests/e2e/support/make-pictures.ts`.
const ICONS = [
  { size: 192, maskable: false },
  { size: 512, maskable: false },
  { size: 512, maskable: true },
];
const QUESTION = 'How does Shoal work?';
/** Its answer fits a phone. */
const SHORT_QUESTION = 'Explain the tides to a child in three sentences.';
const PICTURES = [
  { path: 'docs/page.png', viewport: { width: 1440, height: 900 }, question: QUESTION },
  { path: 'public/screenshots/wide.png', viewport: { width: 1280, height: 800 }, question: QUESTION },
  { path: 'public/screenshots/narrow.png', viewport: { width: 390, height: 844 }, question: SHORT_QUESTION },
];

/** Four devices, with a quarter of the model each. */
const SIMULATION = '?simulate=4&seed=1';

mkdirSync('public/screenshots', { recursive: true });
await buildPage(process.cwd());
const site = await serveFiles('dist');
const browser = await openPreviewBrowser();
const icon = `data:image/svg+xml;base64,${readFileSync('public/icon.svg').toString('base64')}`;
for (const { size, maskable } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  // Systems cut a maskable icon to their own shape: what matters stays in the middle four fifths.
  const [inner, background] = maskable ? ['80%', '#0b6b75'] : ['100%', 'transparent'];
  await page.setContent(
    `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${background}"><img src="${icon}" style="width:${inner}">`,
  );
  await page.waitForFunction('document.images[0].complete');
  const path = `public/icon-${maskable ? 'maskable-' : ''}${size}.png`;
  await page.screenshot({ path, omitBackground: true });
  await page.close();
}
for (const { path, viewport, question } of PICTURES) {
  const page = await browser.newPage({ viewport });
  await page.goto(`${site.origin}/${SIMULATION}`);
  await page.locator('[data-testid=swarm][data-state=ready]').waitFor({ state: 'attached' });
  await page.getByTestId('prompt').fill(question);
  await page.getByTestId('send').click();
  await page.locator('[data-testid=message][data-role=assistant][data-state=done]').waitFor();
  // Code colours come a moment later.
  await page.waitForTimeout(1000);
  await page.screenshot({ path });
  await page.close();
}
await browser.close();
await site.close();
