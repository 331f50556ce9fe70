import { expect, type Page, test } from '@playwright/test';
import type { PreviewModel } from './support/preview-model.ts';
import { startPreviewServer } from './support/preview-server.ts';
import { PREVIEW_STATES, type PreviewState } from './support/preview-states.ts';

// The page over a scripted model: what it shows and what it asks for, without a swarm.

let server: Awaited<ReturnType<typeof startPreviewServer>>;
test.beforeAll(async () => {
  server = await startPreviewServer();
});
test.afterAll(async () => {
  await server?.close();
});

async function open(page: Page, state: PreviewState): Promise<void> {
  await page.goto(server.pageUrl(state));
  await expect(page.getByTestId('swarm')).toBeAttached();
}

/** Does something to the scripted model in the page. */
function script<T>(page: Page, change: (model: PreviewModel, argument: T) => void, argument?: T): Promise<void> {
  return page.evaluate(`(${change})(window.preview, ${JSON.stringify(argument)})`);
}

function asked(page: Page): Promise<string[]> {
  return page.evaluate('window.preview.asked');
}

test.describe('the swarm', () => {
  test('is told in attributes and in words', async ({ page }) => {
    await open(page, 'waiting');
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting');
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2');
    await expect(page.getByTestId('swarm')).toContainText('Shard 2 is missing (layers 16-22)');
    await expect(page.getByTestId('send')).toBeDisabled();
    await expect(page.locator('.composer')).toContainText('Shard 2 is missing.');
    await open(page, 'ready');
    await expect(page.getByTestId('swarm')).toContainText('Every layer is covered: type a prompt.');
  });

  test('has a row for each shard, as a torrent client does', async ({ page }) => {
    await open(page, 'downloading');
    const row = page.getByTestId('shard-0');
    await expect(row).toHaveAttribute('data-state', 'downloading');
    for (const part of ['layers 0-7', '28.6 of 46.2 MB', '↓ 3.4 MB/s', '↑ 120 kB/s', '1 peer', '6 s left']) {
      await expect(row).toContainText(part);
    }
    await expect(row.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '61');
    for (const state of ['absent', 'verifying', 'loading', 'ready', 'error'] as const) {
      await script(page, (model, to) => model.changeShard(0, { state: to! }), state);
      await expect(row).toHaveAttribute('data-state', state);
    }
    await script(page, (model) => model.changeShard(0, { state: 'error', error: 'The disk is full.', verified: true }));
    await expect(row).toContainText('The disk is full.');
    await expect(row).toContainText('hash verified ✓');
  });

  test('is joined with one click, with ticked shards, or by itself; and left', async ({ page }) => {
    await open(page, 'first');
    await page.getByTestId('run-all').click();
    await page.getByTestId('join').click();
    await page.getByTestId('shard-1').getByTestId('shard-1-pick').check();
    await page.getByTestId('shard-3-pick').check();
    await expect(page.getByTestId('join')).toHaveText('Join with shards 1 and 3');
    await page.getByTestId('join').click();
    await expect(page.getByTestId('leave')).toHaveCount(0);
    await script(page, (model) => {
      model.swarm.value = { ...model.swarm.value, role: 'node' };
      model.changeShard(1, { state: 'ready' });
    });
    await expect(page.getByTestId('shard-1-pick')).toBeChecked();
    await expect(page.getByTestId('shard-1-pick')).toBeDisabled();
    await page.getByTestId('leave').click();
    expect(await asked(page)).toEqual(['join all', 'join auto', 'join 1,3', 'leave']);
  });

  test('invites by link and by QR code', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(page, 'first');
    const link = await page.evaluate('window.preview.inviteLink.value');
    await expect(page.getByTestId('invite-link')).toHaveText(link as string);
    await expect(page.getByTestId('invite-link')).toHaveAttribute('href', link as string);
    await page.getByTestId('invite-copy').click();
    await expect(page.getByTestId('invite-copy')).toHaveText('Copied ✓');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
    await page.getByRole('button', { name: 'QR code' }).click();
    await expect(page.getByTestId('qr')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('qr')).toBeHidden();
  });

  test('is verified row by row', async ({ page }) => {
    await open(page, 'verified');
    await expect(page.getByTestId('check')).toHaveCount(5);
    await expect(page.locator('[data-testid=check][data-passed=false]')).toContainText('found in the DHT');
    await page.getByTestId('verify').click();
    expect(await asked(page)).toEqual(['verify']);
  });

  test('shows where the time of a token goes, the slowest stage named', async ({ page }) => {
    await open(page, 'ready');
    await expect(page.getByTestId('lap-stage')).toHaveCount(4);
    await expect(page.getByTestId('lap-stage').first()).toContainText('layers 0-7 · this tab');
    await expect(page.getByTestId('lap-stage').nth(2)).toContainText('compute 31.4 · wire 4.2 · wait 5.1');
    await expect(page.getByTestId('lap-stage').nth(2)).toHaveAttribute('data-slowest', 'true');
    await expect(page.getByTestId('lap')).toContainText('Slowest: layers 16-22 on …Tg0kMr, mostly compute.');
  });
});

test.describe('the chat', () => {
  test('is used from the keyboard', async ({ page }) => {
    await open(page, 'guest');
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

  test('streams, says what it waits for, and announces only the end', async ({ page }) => {
    await open(page, 'streaming');
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
    await open(page, 'failed');
    const answer = page.getByTestId('message').last();
    await expect(answer).toHaveAttribute('data-state', 'error');
    await expect(answer).toContainText('The second bulge is there because');
    await expect(answer).toContainText('left in the middle of the answer');
  });

  test('lets nothing in an answer run, load, or pass for the page', async ({ page }) => {
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(server.pageUrl('guest')).origin)) foreign.push(request.url());
    });
    await open(page, 'guest');
    const attacks = [
      '<script>window.hacked = 1</script>',
      '<img src="http://attacker.test/a.png" onerror="window.hacked = 1">',
      'inline <b onclick="window.hacked = 1">bold</b> <svg/onload=window.hacked=1>',
      '![picture](http://attacker.test/b.png)',
      '[a](javascript:window.hacked=1) [b](data:text/html,<script>window.hacked=1</script>) [c](https://example.org)',
      '<style>body{display:none}</style>',
      '<button data-testid="join">Join</button>',
      '`<script>`\n\n```html\n<script>window.hacked = 1</script>\n```',
    ];
    await script(page, (model, text) => model.say('<script>window.hacked = 1</script>', text!), attacks.join('\n\n'));
    const answer = page.getByTestId('message').last();
    await expect(answer).toContainText('<img src="http://attacker.test/a.png" onerror="window.hacked = 1">');
    await expect(answer).toContainText('<script>window.hacked = 1</script>');
    const forbidden =
      'script, img, svg, style, button, iframe, b, [onclick], [onerror], [style], a[href^="javascript"], a[href^="data"]';
    await expect(answer.getByTestId('message-text').locator(forbidden)).toHaveCount(0);
    await expect(answer.locator('a[href]')).toHaveCount(1);
    await expect(answer.locator('a[href]')).toHaveAttribute('rel', 'noopener noreferrer nofollow');
    await expect(page.getByTestId('message').first()).toHaveText('<script>window.hacked = 1</script>');
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(foreign).toEqual([]);
  });

  test('leaves finished messages and finished blocks alone while an answer grows', async ({ page }) => {
    await open(page, 'guest');
    await script(page, (model) => {
      for (let turn = 0; turn < 10; turn++) model.say(`Question ${turn}`, 'Some *words* and more. '.repeat(50));
      model.begin('The last one');
      model.stream('First paragraph.\n\nSecond paragraph.\n\nThird paragraph.\n\n');
    });
    await expect(page.getByTestId('message').last()).toContainText('Third paragraph.');
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
    await open(page, 'guest');
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

test.describe('around it', () => {
  test('what fails becomes an alert, which can be dismissed', async ({ page }) => {
    await open(page, 'errors');
    await expect(page.getByTestId('alert')).toHaveCount(2);
    await expect(page.getByTestId('notice')).toHaveCount(1);
    await script(page, (model) => {
      model.failWith = 'This tab is still connecting to the swarm.';
    });
    await page.getByTestId('verify').click();
    const alert = page.getByTestId('alert').filter({ hasText: 'still connecting' });
    await expect(alert).toBeVisible();
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByTestId('alert').first().getByRole('button', { name: 'Dismiss' }).click();
    await expect(page.getByTestId('alert')).toHaveCount(1);
  });

  test('an insecure address says what is wrong and what to do', async ({ page }) => {
    await open(page, 'insecure');
    const notice = page.getByTestId('environment');
    await expect(notice).toHaveAttribute('data-notice', 'insecure');
    await expect(notice).toContainText('--https');
    await expect(notice.getByRole('link')).toHaveAttribute('href', /^https:\/\//);
    await expect(page.getByTestId('join')).toBeDisabled();
  });

  test('a browser without WebGPU is told what it can still do', async ({ page }) => {
    await open(page, 'noWebgpu');
    await expect(page.getByTestId('environment')).toHaveAttribute('data-notice', 'no-webgpu');
    await expect(page.getByTestId('run-all')).toHaveCount(0);
    await expect(page.getByTestId('join')).toBeEnabled();
    await open(page, 'software');
    await expect(page.getByTestId('environment')).toHaveAttribute('data-notice', 'software');
  });

  test('the log shows the newest lines, some hundred at most', async ({ page }) => {
    await open(page, 'long');
    await expect(page.getByTestId('log').locator('li')).toHaveCount(400);
    await expect(page.getByTestId('log').locator('li').last()).toContainText(
      '[TORRENT] ✓ Seeding primary shard: shard-3.gguf',
    );
  });

  test('settings reach the model, and storage is cleared only when asked twice', async ({ page }) => {
    await open(page, 'first');
    await page.getByTestId('settings').locator('summary').click();
    await page.getByLabel(/temperature/i).fill('0');
    await page.getByLabel(/longest answer/i).fill('64');
    await page.getByLabel(/help spread/i).uncheck();
    await page.getByLabel(/system prompt/i).fill('Be brief.');
    await page.getByLabel(/system prompt/i).blur();
    expect(await page.evaluate('window.preview.settings.value')).toMatchObject({
      temperature: 0,
      maxTokens: 64,
      spreadModel: false,
      systemPrompt: 'Be brief.',
    });
    await page.getByRole('button', { name: /delete this model/i }).click();
    expect(await asked(page)).toEqual([]);
    await page.getByRole('button', { name: /leave and delete/i }).click();
    expect(await asked(page)).toEqual(['clearStorage']);
  });

  test('a model file is opened or dropped', async ({ page }) => {
    await open(page, 'first');
    await page.getByTestId('open-file').setInputFiles({ name: 'a.gguf', mimeType: '', buffer: Buffer.from('GGUF') });
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['GGUF'], 'b.gguf'));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent('dragover', init));
      document.body.dispatchEvent(new DragEvent('drop', init));
    });
    expect(await asked(page)).toEqual(['openFile a.gguf', 'openFile b.gguf']);
    await expect(page.getByText('Drop a GGUF')).toHaveCount(0);
  });

  for (const [screen, width] of [
    ['a desktop', 1280],
    ['a phone', 360],
  ] as const) {
    test(`fits ${screen} in every state, without errors`, async ({ page }) => {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.setViewportSize({ width, height: 740 });
      for (const state of Object.keys(PREVIEW_STATES) as PreviewState[]) {
        await open(page, state);
        for (const view of ['Swarm', 'Chat']) {
          if (width < 800) await page.getByRole('button', { name: view, exact: true }).click();
          const wide = await page.evaluate(() =>
            [document.documentElement, ...document.querySelectorAll('.swarm-panel, .transcript, .alerts, .card')]
              .filter((box) => box.scrollWidth > box.clientWidth + 1)
              .map((box) => box.className),
          );
          expect(wide, `${state}, ${view}`).toEqual([]);
          await expect(page.getByTestId('prompt')).toBeInViewport();
        }
      }
      expect(errors).toEqual([]);
    });
  }
});
