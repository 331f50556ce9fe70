import { expect, type Page, test } from '@playwright/test';
import { auditPage } from './support/axe.ts';
import { asked, script, usePreview } from './support/preview-page.ts';
import { PREVIEW_STATES, type PreviewState } from './support/preview-states.ts';

// The page in another language, and by its keyboard shortcuts.

const preview = usePreview();
const html = (page: Page) => page.locator('html');
const openSettings = (page: Page) => page.locator('#settings > summary').click();

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  test('the page speaks it as the browser does, and English where that is chosen', async ({ page }) => {
    await preview.open(page, 'waiting');
    await expect(html(page)).toHaveAttribute('lang', 'de');
    await expect(html(page)).toHaveAttribute('dir', 'ltr');
    await expect(page.getByTestId('swarm')).toContainText('Teil 2 fehlt (Schichten 16-22)');
    await expect(page.getByTestId('leave')).toHaveText('Schwarm verlassen');
    await openSettings(page);
    await page.getByTestId('language').selectOption('en');
    await expect(html(page)).toHaveAttribute('lang', 'en');
    await expect(page.getByTestId('swarm')).toContainText('Shard 2 is missing (layers 16-22)');
    await expect(page.getByTestId('leave')).toHaveText('Leave the swarm');
    await expect(page.getByTestId('settings')).toContainText('Keyboard shortcuts');
    await page.getByTestId('language').selectOption('auto');
    await expect(page.getByTestId('leave')).toHaveText('Schwarm verlassen');
    expect(await page.evaluate('window.preview.settings.value.language')).toBe('auto');
  });

  test('numbers have a comma, and an error says what to do before what went wrong', async ({ page }) => {
    await preview.open(page, 'downloading');
    await expect(page.getByTestId('shard-0')).toContainText('28,6 von 46,2 MB');
    await expect(page.getByTestId('shard-0')).toContainText('von: andere Tabs und Server');
    await script(page, (model) => {
      const text = 'Shard 1: the disk is full.';
      model.alerts.value = [{ id: 0, level: 'error', text, code: 'storage-full' }];
    });
    const alert = page.getByTestId('alert');
    await expect(alert).toContainText('In diesem Browser ist kein Platz.');
    await expect(alert.locator('[lang=en]')).toHaveText('Shard 1: the disk is full.');
    await script(page, (model) => {
      const text = 'This room has been closed.';
      model.alerts.value = [{ id: 0, level: 'error', text, code: 'bad-request' }];
    });
    await expect(alert).toContainText('So geht das nicht. Dieser Raum wurde geschlossen.');
    await expect(alert.locator('[lang]')).toHaveCount(0);
  });

  for (const [name, viewport] of [
    ['a desktop', { width: 1440, height: 900 }],
    ['a phone', { width: 390, height: 844 }],
    ['a small phone', { width: 320, height: 640 }],
  ] as const) {
    test(`it fits ${name} in every state, and axe finds nothing`, async ({ page }) => {
      test.setTimeout(300_000);
      await page.setViewportSize(viewport);
      for (const state of Object.keys(PREVIEW_STATES) as PreviewState[]) {
        await preview.open(page, state);
        await expect(html(page)).toHaveAttribute('lang', 'de');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide, `${state} is wider than the screen`).toBeLessThanOrEqual(0);
        if (['waiting', 'eventful', 'errors'].includes(state)) expect(await auditPage(page), state).toEqual([]);
      }
      if (viewport.width < 1000) await page.locator('.view-switch button').first().click();
      await openSettings(page);
      const { height } = (await page.getByTestId('language').boundingBox())!;
      expect(height).toBeGreaterThanOrEqual(24);
      const panel = page.locator('.swarm-panel');
      expect(await panel.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
      expect(await auditPage(page)).toEqual([]);
    });
  }

  test('the sheet of shortcuts is German, too', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.keyboard.press('?');
    await expect(page.getByTestId('shortcut-sheet')).toContainText('Eingabe');
    await expect(page.getByTestId('shortcut-sheet')).toContainText('Gespräche durchsuchen');
    await page.setViewportSize({ width: 320, height: 640 });
    const sheet = page.getByTestId('shortcut-sheet');
    expect(await sheet.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    expect(await auditPage(page)).toEqual([]);
  });
});

test('a German page of a right-to-left answer keeps each in its direction', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'de-DE' });
  const page = await context.newPage();
  await preview.open(page, 'rich');
  const direction = (element: Element) => getComputedStyle(element).direction;
  expect(await page.getByTestId('message').last().locator('li').first().evaluate(direction)).toBe('rtl');
  expect(await page.locator('.composer-hint').evaluate(direction)).toBe('ltr');
  await context.close();
});

test.describe('shortcuts', () => {
  test('? lists them, takes the focus and gives it back', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.getByTestId('conversations').focus();
    await page.keyboard.press('?');
    const sheet = page.getByTestId('shortcut-sheet');
    await expect(sheet).toBeVisible();
    await expect(sheet.getByTestId('shortcut')).toHaveCount(9);
    expect(await sheet.evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true);
    const sizes = await sheet.getByRole('button').evaluateAll((all) => all.map((each) => each.getBoundingClientRect()));
    for (const { width, height } of sizes) expect(Math.min(width, height)).toBeGreaterThanOrEqual(24);
    expect(await auditPage(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect(sheet).toHaveCount(0);
    await expect(page.getByTestId('conversations')).toBeFocused();
    await openSettings(page);
    await page.getByTestId('shortcuts').click();
    await expect(sheet).toBeVisible();
    await sheet.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByTestId('shortcuts')).toBeFocused();
  });

  test('each does what the sheet says', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.keyboard.press('/');
    await expect(page.getByTestId('prompt')).toBeFocused();
    await expect(page.getByTestId('prompt')).toHaveValue('');
    await page.getByTestId('conversations').focus();
    await page.keyboard.press('s');
    await expect(page.getByTestId('conversation-search')).toBeFocused();
    await page.keyboard.press('Escape');
    await page.keyboard.press(',');
    await expect(page.getByTestId('language')).toBeVisible();
    await expect(page.locator('#settings > summary')).toBeFocused();
    await page.keyboard.press('n');
    await expect(page.getByTestId('prompt')).toBeFocused();
    await script(page, (model) => model.begin('Go on.'));
    await page.keyboard.press('Escape');
    expect(await asked(page)).toEqual(['newConversation', 'stop']);
  });

  test('on a phone they show the side that they are about', async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await preview.open(page, 'ready');
    await page.keyboard.press(',');
    await expect(page.locator('.page')).toHaveAttribute('data-view', 'swarm');
    await expect(page.locator('#settings > summary')).toBeFocused();
    await page.keyboard.press('n');
    await expect(page.locator('.page')).toHaveAttribute('data-view', 'chat');
    await expect(page.getByTestId('prompt')).toBeFocused();
  });

  test('are letters in a field, and can be switched off', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.getByTestId('prompt').focus();
    await page.keyboard.type('n?s,/');
    await expect(page.getByTestId('prompt')).toHaveValue('n?s,/');
    await expect(page.getByTestId('shortcut-sheet')).toHaveCount(0);
    await openSettings(page);
    await page.getByLabel('Shortcuts of a single key').uncheck();
    await page.getByTestId('conversations').focus();
    await page.keyboard.press('?');
    await page.keyboard.press('n');
    await page.getByTestId('shortcuts').click();
    await expect(page.getByTestId('shortcut-sheet')).toContainText('Switched off in the settings.');
    expect(await asked(page)).toEqual([]);
  });
});
