import { expect, test } from '@playwright/test';
import type { LinkPath } from '../../src/app/app-model.ts';
import { auditPage } from './support/axe.ts';
import type { PreviewModel } from './support/preview-model.ts';
import { asked, script, usePreview } from './support/preview-page.ts';

// The page over a scripted model: what it shows and what it asks for, without a swarm.

const preview = usePreview();

test.describe('the swarm', () => {
  test('is told in attributes and in words', async ({ page }) => {
    await preview.open(page, 'waiting');
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting');
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2');
    await expect(page.getByTestId('swarm')).toContainText('Shard 2 is missing (layers 16-22)');
    await expect(page.getByTestId('send')).toBeDisabled();
    await expect(page.locator('.composer')).toContainText('Shard 2 is missing: this tab fetches it when you ask.');
    await preview.open(page, 'ready');
    await expect(page.getByTestId('swarm')).toContainText('Every layer is covered: type a prompt.');
  });

  test('has a row for each shard, as a torrent client does', async ({ page }) => {
    await preview.open(page, 'downloading');
    const row = page.getByTestId('shard-0');
    await expect(row).toHaveAttribute('data-state', 'downloading');
    for (const part of [
      'layers 0-7',
      '28.6 of 46.2 MB',
      '3.4 MB/s down',
      '120 kB/s up',
      '1 peer',
      '6 s left',
      'from other tabs and the server',
    ]) {
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
    const pick = row.locator('label', { has: page.getByTestId('shard-0-pick') });
    expect((await pick.boundingBox())!.height).toBeGreaterThanOrEqual(24);
  });

  test('tells of a shard whom it comes from, and is paused and put before others', async ({ page }) => {
    await preview.open(page, 'downloading');
    const row = page.getByTestId('shard-0');
    await expect(page.getByTestId('shard-3-about')).toHaveCount(0);
    await page.getByTestId('shard-0-about').click();
    const details = page.getByTestId('shard-0-details');
    await expect(details).toContainText('110 of 177 pieces');
    await expect(details.locator('.shard-traffic li').first()).toContainText('14.3 MB from it · 1.2 MB to it');
    await expect(details.locator('.shard-traffic li').nth(1)).toContainText('not connected');
    await expect(details.locator('.shard-traffic li').nth(2)).toContainText('a guest, or another program');
    await page.getByTestId('shard-0-priority').selectOption('first');
    await page.getByTestId('shard-0-pause').click();
    expect(await asked(page)).toEqual(['changeFetch 0 {"priority":"first"}', 'changeFetch 0 {"paused":true}']);
    await expect(row).toContainText('paused · 61 %');
    await expect(row).not.toContainText('MB/s · ');
    await expect(details).toContainText('Nothing more of it is fetched until you go on');
    await page.getByTestId('shard-0-pause').click();
    await expect(page.getByTestId('shard-0-pause')).toHaveText('Pause');
    await expect(row).toContainText('fetching · 61 %');
    await script(page, (model) => model.changeShard(1, { state: 'downloading', storedBytes: 1, waits: true }));
    await expect(page.getByTestId('shard-1')).toContainText('waits for its turn');
    expect(await auditPage(page)).toEqual([]);
  });

  test('tells of a shard that comes from a hub, and why it does not', async ({ page }) => {
    await preview.open(page, 'hub');
    await expect(page.getByTestId('shard-0')).toContainText('from huggingface.co');
    for (const shard of [0, 1, 2]) await page.getByTestId(`shard-${shard}-about`).click();
    await expect(page.getByTestId('shard-0-details')).toContainText(
      /From other tabs\s*0 B.*From huggingface.co\s*28.6 MB/,
    );
    await expect(page.getByTestId('shard-0-hub')).toHaveText(
      'Nobody in the swarm has what is missing: it comes from huggingface.co.',
    );
    await expect(page.getByTestId('shard-1-hub')).toHaveText(/^huggingface.co asks to wait. It is asked again/);
    await expect(page.getByTestId('shard-2-hub')).toHaveText(
      /^huggingface.co gives wrong bytes. It is not asked any more/,
    );
    await script(page, (model) => model.changeShard(0, { storedBytes: 46_200_000 }));
    await expect(page.getByTestId('shard-0-hub')).toHaveCount(0);
    expect(await auditPage(page)).toEqual([]);
  });

  test('is joined with one click, with ticked shards, or by itself; and left', async ({ page }) => {
    await preview.open(page, 'first');
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

  test('says what others lose before it leaves, and can stay', async ({ page }) => {
    await preview.open(page, 'soleHolder');
    await page.getByTestId('leave').click();
    const note = page.getByTestId('farewell');
    await expect(note).toContainText('Only this tab has shards 2 and 3: 1 answer will stop.');
    await expect(page.getByTestId('leave-copied')).toHaveText('Wait until they are copied (22 %)');
    await page.getByTestId('stay').click();
    await expect(note).toHaveCount(0);
    await page.getByTestId('leave').click();
    await page.getByTestId('leave-copied').click();
    await script(page, (model) => {
      model.farewell.value = { ...model.farewell.value, copiedShare: 0.5, waiting: true };
    });
    await expect(note).toContainText('(50 %). This tab leaves when that is done.');
    await note.getByTestId('leave-now').click();
    expect(await asked(page)).toEqual(['stay', 'leaveWhenCopied', 'leave']);
  });

  test('goes on with an answer that went wrong', async ({ page }) => {
    await preview.open(page, 'failed');
    await page.getByTestId('continue').click();
    expect(await asked(page)).toEqual(['continueAnswer']);
  });

  test('invites by link and by QR code', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await preview.open(page, 'first');
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

  test('is verified row by row, a line for each tab and each shard', async ({ page }) => {
    await preview.open(page, 'verified');
    await expect(page.getByTestId('check')).toHaveCount(5);
    const groups = page.getByTestId('check-group');
    await expect(groups.nth(0).locator('summary')).toContainText('Chrome on Windows (bKn7Tq): 2 checks');
    await expect(groups.nth(1).locator('summary')).toContainText('Shard 2: 2 checks');
    // Where all is well there is nothing to read.
    await expect(groups.nth(0).getByTestId('check').first()).toBeHidden();
    await expect(groups.nth(1).getByTestId('check').last()).toBeVisible();
    await expect(page.locator('[data-testid=check][data-passed=false]')).toContainText('found in the DHT');
    await page.getByTestId('verify').click();
    expect(await asked(page)).toEqual(['verify']);
  });

  test('shows where the time of a token goes, the slowest stage named', async ({ page }) => {
    await preview.open(page, 'ready');
    await expect(page.getByTestId('lap-stage')).toHaveCount(4);
    await expect(page.getByTestId('lap-stage').first()).toContainText('layers 0-7 · this tab');
    await expect(page.getByTestId('lap-stage').nth(2)).toContainText('compute 31.4 · wire 4.2 · wait 5.1');
    await expect(page.getByTestId('lap-stage').nth(2)).toHaveAttribute('data-slowest', 'true');
    await expect(page.getByTestId('lap')).toContainText('Slowest: layers 16-22 on Kitchen laptop, mostly compute.');
  });

  test('shows where the token is while an answer is made, and nothing to those who want no motion', async ({
    page,
  }) => {
    await preview.open(page, 'ready');
    const marked = page.locator('.lap-stage[data-now="true"]');
    await expect(page.getByTestId('lap-stage')).toHaveCount(4);
    await expect(marked).toHaveCount(0);
    const lapOf = (stageMs: number, agoMs: number) =>
      page.evaluate(
        ([each, ago]) => {
          const { preview: model } = window as unknown as { preview: PreviewModel };
          const lap = model.lap.peek()!;
          const stages = lap.stages.map((stage) => ({ ...stage, computeMs: each!, waitMs: 0, wireMs: 0 }));
          model.lap.value = { ...lap, stages, totalMs: 4 * each!, atMs: performance.now() - ago! };
        },
        [stageMs, agoMs],
      );
    await lapOf(60_000, 0);
    await expect(marked).toContainText('this tab');
    await lapOf(60_000, 130_000);
    await expect(marked).toContainText('layers 16-22');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await expect(marked).toHaveCount(0);
  });

  test('says what would make the slowest stage faster', async ({ page }) => {
    await preview.open(page, 'ready');
    const words = page.getByTestId('lap-words');
    await expect(words).toContainText('The mean of 214 tokens of the last minute.');
    await expect(words).toContainText('Fewer layers on Kitchen laptop');
    const slowLink = (path: string) =>
      page.evaluate((found) => {
        const { preview: model } = window as unknown as { preview: PreviewModel };
        const lap = model.lap.peek()!;
        const stages = lap.stages.map((stage, place) => (place === 2 ? { ...stage, wireMs: 180 } : stage));
        model.paths.value = new Map([[stages[2]!.peerId, found as LinkPath]]);
        model.lap.value = { ...lap, stages };
      }, path);
    await slowLink('direct');
    await expect(words).toContainText('The way to Kitchen laptop is long');
    await slowLink('relayed');
    await expect(words).toContainText('Kitchen laptop is reached through a relay');
  });
});

test.describe('the tabs of the swarm', () => {
  test('have a name and a colour, the same wherever they are told of', async ({ page }) => {
    await preview.open(page, 'recovered');
    const members = page.getByTestId('member');
    await expect(members.nth(0)).toContainText('Chrome on Windows (bKn7Tq) · this tab');
    await expect(members.nth(1)).toContainText('Firefox on Linux');
    await expect(members.nth(3)).toContainText('Chrome on Windows (Vb0nQz)');
    await expect(page.getByTestId('lap-stage').nth(1)).toContainText('layers 8-15 · Firefox on Linux');
    const color = (row: Element) => getComputedStyle(row.querySelector('.tab-mark')!).backgroundColor;
    const colors = await members.evaluateAll((rows) =>
      rows.map((row) => getComputedStyle(row.querySelector('.tab-mark')!).backgroundColor),
    );
    expect(new Set(colors).size).toBe(4);
    expect(await page.getByTestId('lap-stage').nth(1).evaluate(color)).toBe(colors[1]);
  });

  test('have a card each, with what they compute with and how they are reached', async ({ page }) => {
    await preview.open(page, 'ready');
    const second = page.getByTestId('member').nth(1);
    await second.getByTestId('about-device').click();
    const card = second.getByTestId('member-card');
    await expect(card).toContainText('its GPU · NVIDIA GeForce RTX 4070');
    await expect(card).toContainText('488 layers a second');
    await expect(card).toContainText('in the same network · 12.4 ms there and back');
    await expect(card).toContainText('Has given you96 tokens computed, 15.1 MB of weights');
    await expect(card).toContainText('Has got from you0 tokens computed, 46.2 MB of weights');
    await expect(second.getByTestId('about-device')).toHaveAttribute('aria-expanded', 'true');
    await second.getByTestId('about-device').click();
    await expect(card).toHaveCount(0);
  });

  test('may take shards off this tab when they are ticked, and only then', async ({ page }) => {
    await preview.open(page, 'ready');
    await expect(page.getByTestId('trust')).toHaveCount(0);
    await page.getByTestId('settings').locator('summary').click();
    await page.getByLabel('Let chosen tabs take shards off this one').check();
    // Everybody but this tab.
    const ticks = page.getByTestId('trust');
    await expect(ticks).toHaveCount((await page.getByTestId('member').count()) - 1);
    await ticks.first().check();
    const trusted = () => page.evaluate('window.preview.settings.value.trustedPeers.length');
    expect(await trusted()).toBe(1);
    await ticks.first().uncheck();
    expect(await trusted()).toBe(0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`have colours that stand out when it is ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await preview.open(page, 'ready');
      const contrasts = await page
        .getByTestId('member')
        .first()
        .evaluate((row) => {
          const mark = row.querySelector<HTMLElement>('.tab-mark')!;
          const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
          const luminance = (color: string) => {
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data]
              .map((value) => value / 255)
              .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const surface = luminance(getComputedStyle(row.closest('.card')!).backgroundColor);
          return Array.from({ length: 360 }, (_, hue) => {
            mark.style.setProperty('--tab-hue', `${hue}deg`);
            const own = luminance(getComputedStyle(mark).backgroundColor);
            return (Math.max(own, surface) + 0.05) / (Math.min(own, surface) + 0.05);
          });
        });
      // Of what is no text. @see WCAG 2.2, 1.4.11
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(3);
    });
  }

  test('are named by their owner, and a name is text', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.getByTestId('settings').locator('summary').click();
    await expect(page.getByTestId('name')).toHaveAttribute('placeholder', 'Chrome on Windows');
    await page.getByTestId('name').fill('My tablet');
    await page.getByTestId('name').blur();
    expect(await page.evaluate('window.preview.settings.value')).toMatchObject({ name: 'My tablet' });
    await script(page, (model) => {
      model.members.value = model.members.value.map((row) => ({ ...row, name: `<img src=x>${'wide'.repeat(7)}` }));
    });
    await expect(page.getByTestId('member').nth(1)).toContainText('<img src=x>');
    await expect(page.getByTestId('member').locator('img')).toHaveCount(0);
  });
});

test.describe('what holds an answer up', () => {
  test('is a timeline beside the map, the newest first', async ({ page }) => {
    await preview.open(page, 'recovered');
    const rows = page.getByTestId('timeline').getByTestId('timeline-row');
    await expect(rows).toHaveCount(3);
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-kind')))).toEqual([
      'lost',
      'leaving',
      'waited',
    ]);
    await expect(rows.first()).toContainText(
      'Layers 8-15: Chrome on Windows (Vb0nQz) left, Firefox on Linux took over after 0.4 s.',
    );
    await expect(rows.first()).toContainText('stood still 412 ms · 212 positions rebuilt');
    await expect(page.locator('[role=status]', { hasText: 'Firefox on Linux took over' })).toHaveCount(1);
  });

  test('is said where the answer stands still, and help is one click away', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await preview.open(page, 'waitingForAnybody');
    const note = page.getByTestId('message').last().getByTestId('wait-note');
    await expect(note).toContainText('Nobody has layers 8-15 yet (5 s so far)');
    await note.getByTestId('wait-invite').click();
    const link = await page.evaluate('window.preview.inviteLink.value');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
    await note.getByTestId('wait-join').click();
    await page.getByTestId('stop').click();
    expect(await asked(page)).toEqual(['join 1', 'stop']);
    await script(page, (model) => {
      model.wait.value = undefined;
    });
    await expect(page.getByTestId('wait-note')).toHaveCount(0);
  });

  test('counts the seconds for the eye, not for the ear', async ({ page }) => {
    await preview.open(page, 'waitingForShard');
    const note = page.getByTestId('wait-note');
    await expect(note).toContainText('fetches shard 1 (12 s so far)');
    const spoken = page.locator('[role=status]', { hasText: 'fetches shard 1' });
    const before = await spoken.textContent();
    await script(page, (model) => {
      if (model.wait.value?.reason === 'shard') model.wait.value = { ...model.wait.value, waitedMs: 13_000 };
    });
    await expect(note).toContainText('13 s so far');
    expect(await spoken.textContent()).toBe(before);
    expect(before).not.toContain('so far');
  });

  test('is a place in the queue', async ({ page }) => {
    await preview.open(page, 'queued');
    await expect(page.getByTestId('wait-note')).toHaveText('In the queue: place 3, about 4 s.');
  });

  test('leaving hands over first, cannot be asked for twice, and is seen in others', async ({ page }) => {
    await preview.open(page, 'handingOver');
    await expect(page.getByTestId('leave')).toHaveText('Handing over…');
    await expect(page.getByTestId('leave')).toBeDisabled();
    await expect(page.getByTestId('join')).toBeDisabled();
    await expect(page.locator('[data-testid=member][data-draining=true]').nth(1)).toContainText(
      'is leaving, hands over shard 2',
    );
    await script(page, (model) => {
      model.leaving.value = false;
      model.swarm.value = { ...model.swarm.value, role: 'guest' };
    });
    await expect(page.getByTestId('leave')).toHaveCount(0);
    await expect(page.getByTestId('join')).toBeEnabled();
  });
});

test.describe('around it', () => {
  test('what fails becomes an alert, which can be dismissed', async ({ page }) => {
    await preview.open(page, 'errors');
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
    await preview.open(page, 'insecure');
    const notice = page.getByTestId('environment');
    await expect(notice).toHaveAttribute('data-notice', 'insecure');
    await expect(notice).toContainText('--https');
    await expect(notice.getByRole('link')).toHaveAttribute('href', /^https:\/\//);
    await expect(page.getByTestId('join')).toBeDisabled();
  });

  test('a browser without a GPU is told that its processor runs the layers', async ({ page }) => {
    await preview.open(page, 'noWebgpu');
    await expect(page.getByTestId('environment')).toHaveAttribute('data-notice', 'no-webgpu');
    await expect(page.getByTestId('environment')).toContainText('on the processor');
    await expect(page.getByTestId('run-all')).toBeEnabled();
    await preview.open(page, 'software');
    await expect(page.getByTestId('environment')).toHaveAttribute('data-notice', 'software');
  });

  test('the log shows the newest lines, some hundred at most', async ({ page }) => {
    await preview.open(page, 'long');
    await expect(page.getByTestId('log').locator('li')).toHaveCount(400);
    await expect(page.getByTestId('log').locator('li').last()).toContainText(
      '[TORRENT] ✓ Seeding primary shard: shard-3.gguf',
    );
  });

  test('settings reach the model, and storage is cleared only when asked twice', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('settings').locator('summary').click();
    await expect(page.getByTestId('temperature')).toHaveText("0.2, the model's own");
    await page.getByLabel(/temperature/i).fill('1');
    await page.getByRole('button', { name: "Use the model's own" }).click();
    await expect(page.getByTestId('temperature')).toHaveText("0.2, the model's own");
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

  test('options of answers are kept as presets, chosen and deleted', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('settings').locator('summary').first().click();
    await page.getByLabel('System prompt').fill('Be brief.');
    await page.getByLabel('System prompt').blur();
    await page.getByTestId('preset-name').fill('Short');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('preset')).toHaveValue('Short');
    await page.getByLabel('System prompt').fill('');
    await page.getByLabel('System prompt').blur();
    await page.getByTestId('preset').selectOption('');
    await page.getByTestId('preset').selectOption('Short');
    await expect(page.getByLabel('System prompt')).toHaveValue('Be brief.');
    await page.getByTestId('preset-delete').click();
    await expect(page.getByTestId('preset')).toHaveCount(0);
  });

  test('a model file is opened or dropped', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('settings').locator('summary').click();
    await page.getByTestId('open-file').setInputFiles({ name: 'a.gguf', mimeType: '', buffer: Buffer.from('GGUF') });
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['GGUF'], 'b.gguf'));
      const init = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent('dragover', init));
      document.body.dispatchEvent(new DragEvent('drop', init));
    });
    expect(await asked(page)).toEqual(['openFiles a.gguf', 'openFiles b.gguf']);
    await expect(page.getByText('Drop a GGUF')).toHaveCount(0);
  });
});
