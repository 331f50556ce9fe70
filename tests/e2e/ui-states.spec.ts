import { expect, type Page, test } from '@playwright/test';
import { auditPage } from './support/axe.ts';
import { script, usePreview } from './support/preview-page.ts';
import { PREVIEW_STATES, type PreviewState } from './support/preview-states.ts';

// What holds of the page in every state that a person meets, on a desktop and on a phone.

const preview = usePreview();
const STATES = Object.keys(PREVIEW_STATES) as PreviewState[];
const SCREENS = [
  { screen: 'a desktop', viewport: { width: 1440, height: 900 }, views: ['both'] },
  { screen: 'a small desktop', viewport: { width: 1024, height: 768 }, views: ['both'] },
  { screen: 'a phone', viewport: { width: 390, height: 844 }, views: ['Swarm', 'Chat'] },
  { screen: 'a small phone', viewport: { width: 320, height: 640 }, views: ['Swarm', 'Chat'] },
];

/** Every state in every view that the screen has. */
async function walk(page: Page, views: readonly string[], look: (where: string) => Promise<void>): Promise<void> {
  for (const state of STATES) {
    await preview.open(page, state);
    for (const view of views) {
      if (view !== 'both') await page.getByRole('button', { name: view, exact: true }).click();
      await look(`${state}, ${view}`);
    }
  }
}

for (const { screen, viewport, views } of SCREENS) {
  test(`the page fits ${screen}, without errors`, async ({ page }) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.setViewportSize(viewport);
    await walk(page, views, async (where) => {
      const wide = await page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('.swarm-panel, .transcript, .alerts, .card')]
          .filter((box) => box.scrollWidth > box.clientWidth + 1)
          .map((box) => box.className),
      );
      expect(wide, where).toEqual([]);
      // What is long scrolls inside: the window itself has nothing below it.
      expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), where).toBeLessThanOrEqual(
        0,
      );
      await expect(page.getByTestId('prompt')).toBeInViewport();
    });
    expect(errors).toEqual([]);
  });
}

for (const { screen, viewport, views } of SCREENS.filter(({ screen }) => !screen.includes('small'))) {
  test(`axe finds nothing on ${screen}`, async ({ page }) => {
    test.setTimeout(400_000);
    await page.setViewportSize(viewport);
    await walk(page, views, async (where) => {
      expect(await auditPage(page), where).toEqual([]);
    });
  });
}

test('axe finds nothing in the list of conversations', async ({ page }) => {
  for (const { viewport, views } of SCREENS) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await preview.open(page, 'conversations');
      if (!views.includes('both')) await page.getByRole('button', { name: 'Chat', exact: true }).click();
      await page.getByTestId('conversations').click();
      const drawer = page.getByTestId('conversation-drawer');
      await drawer
        .getByRole('button', { name: /^More about/ })
        .first()
        .click();
      expect(await auditPage(page), `${viewport.width} px, ${colorScheme}`).toEqual([]);
      expect(await drawer.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    }
  }
});

test('axe finds nothing in the dark, nor with the settings open', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const state of ['first', 'recovered', 'waitingForAnybody', 'verified', 'errors'] as const) {
    await preview.open(page, state);
    await page.getByTestId('settings').locator('summary').click();
    expect(await auditPage(page), state).toEqual([]);
  }
});

for (const locale of ['en-US', 'de-DE']) {
  test(`a small phone has room for the conversation's title, and for the swarm (${locale})`, async ({ browser }) => {
    const context = await browser.newContext({ locale, viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await preview.open(page, 'rooms');
    await expect(page.getByTestId('open-as-room')).toBeVisible();
    await expect(page.getByTestId('open-room')).toBeVisible();
    await script(page, (model) => (model.conversations.title.value = 'The tides, to a child'));
    const title = page.getByTestId('conversation-title');
    expect(await title.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    const head = await page.locator('.chat-head').boundingBox();
    expect(head!.height).toBeLessThan(80);
    await page.locator('.view-switch button').first().click();
    await expect(title).toBeHidden();
    await expect(page.getByTestId('open-room')).toBeHidden();
    expect((await page.locator('.swarm-panel').boundingBox())!.height).toBeGreaterThan(400);
    await preview.open(page, 'downloading');
    await expect(page.getByTestId('example').first()).toBeHidden();
    await expect(page.getByTestId('prompt')).toBeInViewport();
    await context.close();
  });
}

test('the page shows its logo, and asks for nothing that is not there', async ({ page }) => {
  const missing: string[] = [];
  page.on('response', (response) => response.status() >= 400 && missing.push(response.url()));
  await preview.open(page, 'first');
  const logo = page.locator('.brand img');
  await expect(logo).toBeVisible();
  expect(await logo.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

test('checking the swarm leaves no empty space to scroll into', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await preview.open(page, 'verified');
  await page.getByTestId('check').last().scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 4000);
  expect(await page.evaluate(() => [scrollY, document.documentElement.scrollHeight - innerHeight])).toEqual([0, 0]);
});
