import { expect, type Page, test } from '@playwright/test';
import type { PreviewModel } from './support/preview-model.ts';
import { script, usePreview } from './support/preview-page.ts';

// What an answer may hold beside plain words: tables, code, formulas, and text from right to left.

const preview = usePreview();

function answerOf(page: Page) {
  return page.getByTestId('message').last().getByTestId('message-text');
}

test('a table is a table, and scrolls by itself where it is wide', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await preview.open(page, 'guest');
  const row = `|${' a wide cell |'.repeat(12)}\n`;
  await script(page, (model, text) => model.say('Table?', text!), `${row}|${'---|'.repeat(12)}\n${row}`);
  const table = answerOf(page).getByRole('table');
  await expect(table.getByRole('columnheader')).toHaveCount(12);
  expect(await table.evaluate((box) => box.scrollWidth > box.clientWidth)).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await table.focus();
  await expect(table).toBeFocused();
});

for (const width of [390, 320]) {
  test(`words in the cells of a table stay whole, at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 640 });
    await preview.open(page, 'guest');
    for (const columns of [4, 8]) {
      const row = `|${' Programming |'.repeat(columns)}\n`;
      const numbers = `|${' 1995 and on |'.repeat(columns)}\n`;
      await script(page, (model, text) => model.say('Table?', text!), `${row}|${'---|'.repeat(columns)}\n${numbers}`);
      const table = answerOf(page).getByRole('table');
      expect(await table.evaluate((box) => box.scrollWidth > box.clientWidth)).toBe(true);
      await table.focus();
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => table.evaluate((box) => box.scrollLeft)).toBeGreaterThan(0);
      const lines = await table.getByRole('columnheader').evaluateAll((cells) =>
        cells.map((cell) => {
          const word = document.createRange();
          word.selectNodeContents(cell);
          return word.getClientRects().length;
        }),
      );
      expect(lines).toEqual(Array(columns).fill(1));
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await page.locator('.transcript').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
  });
}

test('each code block is copied by a button of its own, from the keyboard too, and says so', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await preview.open(page, 'guest');
  const text = '```js\nlet a = "<b>";\n\nlet b;\n```\n\n1. In a list:\n\n   ```\n   second\n   ```\n';
  await script(page, (model, text) => model.say('Code?', text!), text);
  const buttons = answerOf(page).getByTestId('copy-code');
  await expect(buttons).toHaveCount(2);
  await buttons.first().focus();
  await page.keyboard.press('Enter');
  await expect(buttons.first()).toHaveText('Copied ✓');
  await expect(answerOf(page).getByRole('status').first()).toHaveText('Copied');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('let a = "<b>";\n\nlet b;\n');
  await buttons.last().click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('second\n');
  await expect(buttons.first()).toHaveText('Copy', { timeout: 10_000 });
});

test('code that is still written has no button, and finished code keeps its own while the answer grows', async ({
  page,
}) => {
  await preview.open(page, 'guest');
  await script(page, (model) => {
    model.begin('Code?');
    model.stream('```js\nlet a;\n');
  });
  const buttons = answerOf(page).getByTestId('copy-code');
  await expect(answerOf(page).locator('pre')).toHaveCount(1);
  await expect(buttons).toHaveCount(0);
  await script(page, (model) => model.stream('```\n\nAnd then'));
  await expect(buttons).toHaveCount(1);
  await buttons.focus();
  await script(page, (model) => model.stream(' more and\n\nmore.'));
  await expect(answerOf(page)).toContainText('more.');
  await expect(buttons).toBeFocused();
});

test('formulas are drawn, and what draws them is fetched by the first one only', async ({ page }) => {
  const fetched: string[] = [];
  page.on('request', (request) => /katex/.test(request.url()) && fetched.push(request.url()));
  await preview.open(page, 'guest');
  await script(page, (model) => model.say('Prices?', 'It costs $5 or $10.\n\n| a |\n|---|\n| b |'));
  await expect(answerOf(page).getByRole('table')).toBeVisible();
  expect(fetched).toEqual([]);
  await script(page, (model) =>
    model.say('Euler?', [String.raw`So \( e^{i\pi} = -1 \) and`, String.raw`\[ \frac{a}{b} < c \]`].join('\n\n')),
  );
  const formulas = answerOf(page).locator('math');
  await expect(formulas).toHaveCount(2);
  expect(fetched.length).toBeGreaterThan(0);
  await expect(formulas.last()).toHaveAttribute('display', 'block');
  await expect(formulas.last().locator('mfrac')).toHaveCount(1);
  expect(await formulas.last().evaluate((formula) => formula.namespaceURI)).toBe('http://www.w3.org/1998/Math/MathML');
  // The source is there for those who copy it, and not to be seen.
  await expect(formulas.last().locator('annotation')).toBeHidden();
});

test('code is coloured in the language that it names, and an answer gives no class of its own', async ({ page }) => {
  await preview.open(page, 'guest');
  await script(page, (model) =>
    model.say(
      'Code?',
      ['```python', 'def f(x):', '    return "<b>" + x  # why', '```', '', '```evil" class="primary', 'x', '```'].join(
        '\n',
      ),
    ),
  );
  const [python, unknown] = [answerOf(page).locator('code').first(), answerOf(page).locator('code').last()];
  await expect(python.locator('.hljs-keyword')).toHaveText(['def', 'return']);
  expect(await python.textContent()).toBe('def f(x):\n    return "<b>" + x  # why\n');
  await expect(python.locator('b')).toHaveCount(0);
  expect(await unknown.getAttribute('class')).toBeNull();
});

test('what a model thought is folded once it speaks', async ({ page }) => {
  await preview.open(page, 'guest');
  await script(page, (model) => {
    model.begin('Capital?');
    model.stream('<think>\nFrance is a **country**.');
  });
  const reasoning = page.getByTestId('reasoning');
  await expect(reasoning).toHaveAttribute('open', '');
  await expect(reasoning.locator('strong')).toHaveText('country');
  await script(page, (model) => model.stream('\n</think>\n\nParis.'));
  await expect(reasoning).not.toHaveAttribute('open');
  await expect(answerOf(page)).toHaveText('Paris.');
  await script(page, (model) => model.end());
  expect((await reasoning.locator('summary').boundingBox())!.height).toBeGreaterThanOrEqual(24);
  await reasoning.locator('summary').click();
  await expect(reasoning.locator('strong')).toBeVisible();
});

test('text from right to left begins at the right, and code in it at the left', async ({ page }) => {
  await preview.open(page, 'guest');
  await script(page, (model) =>
    model.say('مرحبا، كيف حالك؟', 'أنا بخير.\n\n- أولا\n- ثانيا\n\n```\nlet a;\n```\n\nAnd English.'),
  );
  const direction = (box: Element) => getComputedStyle(box).direction;
  const answer = answerOf(page);
  await expect(answer.locator('pre')).toBeVisible();
  expect(await page.getByTestId('message').first().locator('p').evaluate(direction)).toBe('rtl');
  expect(await answer.getByText('أنا بخير').evaluate(direction)).toBe('rtl');
  expect(await answer.locator('li').first().evaluate(direction)).toBe('rtl');
  expect(await answer.locator('pre').evaluate(direction)).toBe('ltr');
  expect(await answer.getByText('And English').evaluate(direction)).toBe('ltr');
  await page.getByTestId('prompt').fill('שלום');
  expect(await page.getByTestId('prompt').evaluate(direction)).toBe('rtl');
  await page.getByTestId('prompt').fill('Hello');
  expect(await page.getByTestId('prompt').evaluate(direction)).toBe('ltr');
});

test('a token draws the block that grows, and no other', async ({ page }) => {
  await preview.open(page, 'guest');
  await script(page, (model) => {
    model.say('Before', 'One.\n\nTwo.\n\n```\ncode\n```');
    model.begin('Long');
    model.stream('Some words.\n\n'.repeat(40));
  });
  await expect(answerOf(page).locator('.answer-block')).toHaveCount(40);
  const drawn = await page.evaluate(async () => {
    const { preview: model, drawn } = window as unknown as { preview: PreviewModel; drawn: Record<string, number> };
    const before = drawn.AnswerBlock ?? 0;
    for (let token = 0; token < 50; token++) {
      model.stream('word ');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return (drawn.AnswerBlock ?? 0) - before;
  });
  // Once a token, and the block before it once: it is not the last any more.
  expect(drawn).toBeGreaterThan(20);
  expect(drawn).toBeLessThanOrEqual(55);
});
