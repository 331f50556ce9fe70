import { mkdirSync, readFileSync } from 'node:fs';
import { openPreviewBrowser } from './preview-browser.ts';
import { startPreviewServer } from './preview-server.ts';

// The pictures of README and of the installed page: `node tests/e2e/support/make-pictures.ts`.
const ICONS = [
  { size: 192, maskable: false },
  { size: 512, maskable: false },
  { size: 512, maskable: true },
];
const PICTURES = [
  { path: 'docs/page.png', viewport: { width: 1440, height: 900 } },
  { path: 'public/screenshots/wide.png', viewport: { width: 1280, height: 800 } },
  { path: 'public/screenshots/narrow.png', viewport: { width: 390, height: 844 } },
];

mkdirSync('public/screenshots', { recursive: true });
const server = await startPreviewServer();
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
for (const { path, viewport } of PICTURES) {
  const page = await browser.newPage({ viewport });
  await page.goto(server.pageUrl('ready'));
  await page.getByTestId('message').last().waitFor();
  // Code colours come a moment later.
  await page.waitForTimeout(1000);
  await page.screenshot({ path });
  await page.close();
}
await browser.close();
await server.close();
