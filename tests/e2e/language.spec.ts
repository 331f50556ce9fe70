import { expect, type Page, test } from '@playwright/test';
import { startTinyServer } from './support/tiny-server.ts';

// The built page in the language of its reader.

test('another language is a file of its own, and what was chosen is kept', async ({ browser }) => {
  const server = await startTinyServer();
  const visit = async (locale: string) => {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(request.url()));
    await page.goto(server.url);
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting');
    return { context, page, german: () => fetched.filter((url) => url.includes('german')).length };
  };
  const label = (page: Page) => page.getByTestId('run-all');
  const english = await visit('en-US');
  await expect(label(english.page)).toHaveText('Run it all here');
  expect(english.german()).toBe(0);
  await english.context.close();

  const { page, context, german } = await visit('de-DE');
  await expect(label(page)).toHaveText('Alles hier rechnen');
  expect(german()).toBe(1);
  await page.locator('#settings > summary').click();
  await page.getByTestId('language').selectOption('en');
  await expect(label(page)).toHaveText('Run it all here');
  await page.reload();
  await expect(label(page)).toHaveText('Run it all here');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  expect(german()).toBe(1);
  await context.close();
  await server.stop();
});
