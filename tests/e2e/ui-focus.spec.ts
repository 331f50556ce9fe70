import { expect, type Locator, type Page, test } from '@playwright/test';
import { script, usePreview } from './support/preview-page.ts';

// The keyboard keeps its place whatever goes away below it: a browser alone would begin again at the top of the page.

const preview = usePreview();

/** Presses Enter on it, and says where the keyboard is when that has been drawn. */
async function press(page: Page, target: Locator, key = 'Enter'): Promise<string> {
  await target.focus();
  await page.keyboard.press(key);
  return place(page);
}

/** The element that takes the keyboard, once that is settled. */
async function place(page: Page): Promise<string> {
  await page.waitForTimeout(250);
  return page.evaluate(() => {
    const { activeElement: at } = document;
    if (!at || at === document.body) return 'nowhere';
    return at.getAttribute('data-testid') ?? at.id ?? at.tagName;
  });
}

test('in the list of conversations, through renaming, deleting and taking that back', async ({ page }) => {
  await preview.open(page, 'conversations');
  await page.getByTestId('conversations').click();
  const drawer = page.getByTestId('conversation-drawer');
  const rows = drawer.locator('.conversation-line');
  const inDrawer = () => drawer.evaluate((box) => box.contains(document.activeElement));
  const button = (name: string) => drawer.getByRole('button', { name, exact: true });
  for (const key of ['Enter', 'Escape']) {
    await rows.first().locator('[aria-expanded]').press('Enter');
    await button('Rename').press('Enter');
    expect(await press(page, drawer.getByLabel('New name'), key), key).not.toBe('nowhere');
    expect(await inDrawer()).toBe(true);
    if (await button('Rename').isVisible()) await rows.first().locator('[aria-expanded]').press('Enter');
  }
  await rows.first().locator('[aria-expanded]').press('Enter');
  expect(await press(page, button('Delete'))).not.toBe('nowhere');
  expect(await inDrawer()).toBe(true);
});

test('in a conversation, through answers that are made anew, gone on with and stopped', async ({ page }) => {
  await preview.open(page, 'ready');
  expect(await press(page, page.getByTestId('edit').first())).not.toBe('nowhere');
  expect(await press(page, page.getByTestId('question-editor'), 'Escape')).not.toBe('nowhere');
  expect(await press(page, page.getByTestId('regenerate').last())).not.toBe('nowhere');
  expect(await press(page, page.getByTestId('new-conversation'))).toBe('prompt');
  await preview.open(page, 'failed');
  await page.getByTestId('continue').focus();
  await script(page, (model) => model.begin('And then?'));
  expect(await place(page)).not.toBe('nowhere');
  await preview.open(page, 'streaming');
  await page.getByTestId('stop').focus();
  await script(page, (model) => model.end({}));
  expect(await place(page)).not.toBe('nowhere');
});

test('among alerts, from one that is dismissed to the next', async ({ page }) => {
  await preview.open(page, 'errors');
  const dismiss = page.getByRole('button', { name: 'Dismiss' });
  const count = await dismiss.count();
  expect(count).toBeGreaterThan(1);
  await press(page, dismiss.first());
  await expect(dismiss).toHaveCount(count - 1);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Dismiss');
});

test('where a button ends its own sight, and never takes it from who has given it up', async ({ page }) => {
  await preview.open(page, 'first');
  expect(await press(page, page.getByTestId('foretell'))).not.toBe('nowhere');
  expect(await press(page, page.getByTestId('run-all'))).not.toBe('nowhere');
  await page.locator('main').click({ position: { x: 2, y: 2 } });
  await script(page, (model) => model.say('A question', 'An answer'));
  expect(await place(page)).toBe('nowhere');
});
