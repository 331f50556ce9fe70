import { expect, test } from '@playwright/test';
import type { PreviewModel } from './support/preview-model.ts';
import { asked, script, usePreview } from './support/preview-page.ts';

// The chat over a scripted model: keys, streaming, and what an answer may hold.

const preview = usePreview();

test.describe('the chat', () => {
  test('is used from the keyboard', async ({ page }) => {
    await preview.open(page, 'guest');
    const prompt = page.getByTestId('prompt');
    await page.keyboard.press('Tab');
    await expect(page.getByText('Skip to the prompt')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(prompt).toBeFocused();
    await expect(page.getByTestId('send')).toBeDisabled();
    await page.keyboard.press('Enter');
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await expect(prompt).toHaveValue('one\ntwo');
    await page.keyboard.press('Enter');
    await expect(prompt).toHaveValue('');
    expect(await asked(page)).toEqual(['send one\ntwo']);
    await expect(page.getByTestId('send')).toHaveCount(0);
    await expect(page.getByTestId('stop')).toBeVisible();
    await page.keyboard.type('while it answers');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await asked(page)).toEqual(['send one\ntwo', 'stop']);
    await expect(prompt).toHaveValue('while it answers');
    await script(page, (model) => model.end({ state: 'stopped', note: '3 tokens' }));
    await expect(page.getByTestId('message').last()).toHaveAttribute('data-state', 'stopped');
    await expect(page.getByTestId('message').last()).toContainText('Stopped · 3 tokens');
    await expect(page.getByTestId('send')).toBeEnabled();
    await page.getByTestId('new-conversation').click();
    expect((await asked(page)).at(-1)).toBe('newConversation');
  });

  test('asks an example at the first click, also while shards load', async ({ page }) => {
    await preview.open(page, 'guest');
    await page.getByTestId('example').first().click();
    expect(await asked(page)).toEqual(['send What is the capital of France?']);
    await expect(page.getByTestId('message')).toHaveCount(2);
    await preview.open(page, 'first');
    await expect(page.getByTestId('example')).toHaveCount(0);
    // All that is missing is on its way.
    await preview.open(page, 'downloading');
    await script(page, (model) => {
      for (const { index } of model.shards.value) model.changeShard(index, { state: 'downloading' });
    });
    // All of them are in sight where no finger can push the row about.
    await page.setViewportSize({ width: 1024, height: 768 });
    for (const example of await page.getByTestId('example').all()) await expect(example).toBeInViewport({ ratio: 1 });
    await page.getByTestId('example').nth(1).click();
    expect(await asked(page)).toEqual(['send Explain the tides to a child in three sentences.']);
    await expect(page.getByTestId('prompt')).toHaveValue('');
    await expect(page.getByTestId('example')).toHaveCount(0);
  });

  test('takes the text of files along, says how long it is, and gives it back with a prompt that is too long', async ({
    page,
  }) => {
    await preview.open(page, 'guest');
    await page.getByTestId('prompt').focus();
    const attach = page.getByTestId('attach');
    const notes = { name: 'notes.md', mimeType: 'text/markdown', buffer: Buffer.from('High tide at noon.\n') };
    await attach.setInputFiles([notes, { name: 'x.bin', mimeType: '', buffer: Buffer.from([0, 1]) }]);
    await expect(page.getByTestId('attachment')).toHaveText(/notes\.md.*5 tokens/);
    await expect(page.getByTestId('alert')).toContainText('x.bin is no text');
    await page.getByTestId('prompt').fill('When?');
    await script(page, (model) => {
      model.size = { tokens: 9000, exact: true };
    });
    // Refused when it is sent: typing pauses no longer than this.
    await page.getByTestId('prompt').press('Enter');
    expect((await asked(page)).at(-1)).toBe('send notes.md:\n```\nHigh tide at noon.\n```\n\nWhen?');
    await expect(page.getByTestId('attachment')).toHaveCount(1);
    await expect(page.getByTestId('prompt')).toHaveValue('When?');
    await page.getByRole('button', { name: 'Take notes.md out' }).click();
    await expect(page.getByTestId('attachment')).toHaveCount(0);
  });

  test('shows a long question by its beginning, until all of it is wanted', async ({ page }) => {
    await preview.open(page, 'guest');
    await script(page, (model) => model.say('word '.repeat(600), 'Yes.'));
    const question = page.getByTestId('message').first();
    const height = async () => (await question.boundingBox())!.height;
    const clipped = await height();
    await page.getByTestId('show-all').click();
    expect(await height()).toBeGreaterThan(1.5 * clipped);
    await page.getByTestId('show-all').click();
    expect(await height()).toBe(clipped);
  });

  test('keeps a prompt that is too long in the box, counts it, and offers to leave the oldest out', async ({
    page,
  }) => {
    await preview.open(page, 'guest');
    const prompt = page.getByTestId('prompt');
    const hint = page.locator('#prompt-hint');
    const oldest = page.getByRole('button', { name: 'Leave out the oldest turns' });
    await script(page, (model) => {
      model.size = { tokens: 9030, exact: true };
    });
    await prompt.fill('Hello');
    await expect(hint).toContainText('of 8192 tokens');
    const text = 'word '.repeat(400).trim();
    await prompt.fill(text);
    await page.keyboard.press('Enter');
    await expect(prompt).toHaveValue(text);
    await expect(hint).toContainText('9030 of 8192 tokens: too long to send.');
    await expect(page.getByTestId('send')).toBeDisabled();
    await expect(page.getByTestId('message')).toHaveCount(0);
    await expect(oldest).toHaveCount(0);
    await prompt.fill('');
    await script(page, (model) => model.say('first', 'word '.repeat(400)));
    await prompt.fill('and now');
    await oldest.click();
    expect((await asked(page)).at(-1)).toBe('leaveOutOldest and now');
    await script(page, (model) => {
      model.size = { tokens: 40, exact: true };
      model.messages.value = model.messages.value.map((message) => ({ ...message, leftOut: true }));
    });
    await expect(page.getByTestId('message').first()).toContainText('Left out of what the model reads.');
    await expect(hint).toContainText('40 of 8192 tokens.');
    await expect(page.getByTestId('send')).toBeEnabled();
  });

  test('streams, says what it waits for, and announces only the end', async ({ page }) => {
    await preview.open(page, 'streaming');
    const answer = page.getByTestId('message').last();
    await expect(answer).toHaveAttribute('data-role', 'assistant');
    await expect(answer).toHaveAttribute('data-state', 'streaming');
    await expect(answer).toContainText('Reading the prompt: 64 of 120 tokens');
    await script(page, (model) => {
      model.progressNote.value = undefined;
      model.stream('Because **the other');
    });
    await expect(answer).toContainText('11.8 tokens/s');
    await expect(page.locator('[role=status]', { hasText: 'Because' })).toHaveCount(0);
    await script(page, (model) => {
      model.stream(' side** bulges too.');
      model.end({ note: '9 tokens · 11.8 tokens/s' });
    });
    await expect(answer.locator('strong')).toHaveText('the other side');
    await expect(answer).toHaveAttribute('data-state', 'done');
    await expect(page.locator('[role=status]', { hasText: 'The answer is complete.' })).toHaveCount(1);
  });

  test('keeps what was generated when an answer fails', async ({ page }) => {
    await preview.open(page, 'failed');
    const answer = page.getByTestId('message').last();
    await expect(answer).toHaveAttribute('data-state', 'error');
    await expect(answer).toContainText('The second bulge is there because');
    await expect(answer).toContainText('left in the middle of the answer');
  });

  test('lets nothing in an answer run, load, or pass for the page', async ({ page }) => {
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(preview.origin())) foreign.push(request.url());
    });
    await preview.open(page, 'guest');
    const attacks = [
      '<script>window.hacked = 1</script>',
      '<img src="http://attacker.test/a.png" onerror="window.hacked = 1">',
      'inline <b onclick="window.hacked = 1">bold</b> <svg/onload=window.hacked=1>',
      '![picture](http://attacker.test/b.png)',
      '[a](javascript:window.hacked=1) [b](data:text/html,<script>window.hacked=1</script>) [c](https://example.org)',
      '<style>body{display:none}</style>',
      '<button data-testid="join">Join</button>',
      '<math><mtext href="javascript:window.hacked=1"><a href="javascript:window.hacked=1">x</a></mtext></math>',
      '\\( \\href{javascript:window.hacked=1}{x} \\htmlStyle{position:fixed}{y} \\includegraphics{http://attacker.test/c.png} \\)',
      '`<script>`\n\n```html\n<script>window.hacked = 1</script>\n```',
    ];
    await script(page, (model, text) => model.say('<script>window.hacked = 1</script>', text!), attacks.join('\n\n'));
    const answer = page.getByTestId('message').last();
    await expect(answer).toContainText('<img src="http://attacker.test/a.png" onerror="window.hacked = 1">');
    await expect(answer).toContainText('<script>window.hacked = 1</script>');
    const forbidden =
      'script, img, svg, style, button:not([data-testid=copy-code]), iframe, b, [onclick], [onerror], [style], a[href^="javascript"], a[href^="data"]';
    await expect(answer.getByTestId('message-text').locator(forbidden)).toHaveCount(0);
    await expect(answer.locator('a[href]')).toHaveCount(1);
    await expect(answer.locator('a[href]')).toHaveAttribute('rel', 'noopener noreferrer nofollow');
    await expect(page.getByTestId('message').first()).toHaveText('<script>window.hacked = 1</script>');
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(foreign).toEqual([]);
  });

  test('leaves finished messages and finished blocks alone while an answer grows', async ({ page }) => {
    await preview.open(page, 'guest');
    await script(page, (model) => {
      for (let turn = 0; turn < 10; turn++) model.say(`Question ${turn}`, 'Some *words* and more. '.repeat(50));
      model.begin('The last one');
      model.stream('First paragraph.\n\nSecond paragraph.\n\nThird paragraph.\n\n');
    });
    await expect(page.getByTestId('message').last()).toContainText('Third paragraph.');
    // The parser comes after the first screen, and every answer is then drawn anew.
    await expect(page.getByTestId('message').last().locator('.answer-block')).toHaveCount(3);
    const touched = await page.evaluate(async () => {
      const messages = [...document.querySelectorAll('[data-testid=message]')];
      const grown = messages.at(-1)!;
      let old = 0;
      let growing = 0;
      const observer = new MutationObserver((records) => {
        for (const { target } of records) {
          const inFirst = grown.querySelector('.answer-block')!.contains(target);
          if (inFirst || !grown.contains(target)) old++;
          else growing++;
        }
      });
      observer.observe(grown.parentElement!, { subtree: true, childList: true, characterData: true, attributes: true });
      const { preview: model, drawn } = window as unknown as { preview: PreviewModel; drawn: Record<string, number> };
      const drawnBefore = drawn.AnswerText ?? 0;
      for (let token = 0; token < 60; token++) {
        model.stream(`word${token} `);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      observer.disconnect();
      return { old, growing, drawn: (drawn.AnswerText ?? 0) - drawnBefore };
    });
    expect(touched.old).toBe(0);
    expect(touched.growing).toBeGreaterThan(30);
    // Once a token: only the answer that grows.
    expect(touched.drawn).toBeGreaterThan(30);
    expect(touched.drawn).toBeLessThanOrEqual(60);
  });

  test('follows the newest words, unless the person reads further up', async ({ page }) => {
    await preview.open(page, 'guest');
    const transcript = page.getByRole('region', { name: 'Conversation' });
    const fromEnd = () => transcript.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
    await script(page, (model) => {
      model.say('One', 'Line.\n\n'.repeat(60));
      model.begin('Two');
      model.stream('Line.\n\n'.repeat(30));
    });
    await expect.poll(fromEnd).toBe(0);
    await transcript.hover();
    await page.mouse.wheel(0, -500);
    await expect(page.getByRole('button', { name: '↓ Newest' })).toBeVisible();
    await script(page, (model) => model.stream('More.\n\n'.repeat(30)));
    await expect(page.getByTestId('message').last()).toContainText('More.');
    expect(await fromEnd()).toBeGreaterThan(400);
    await page.getByRole('button', { name: '↓ Newest' }).click();
    await expect.poll(fromEnd).toBe(0);
  });
});
