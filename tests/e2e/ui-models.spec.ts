import { expect, test } from '@playwright/test';
import { auditPage } from './support/axe.ts';
import { asked, script, usePreview } from './support/preview-page.ts';

// The list of models over a scripted shelf.

const preview = usePreview();

test.describe('the models', () => {
  test('are listed with what they would be like here, and opened', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('models').click();
    const items = page.getByTestId('model-item');
    await expect(items).toHaveCount(4);
    await expect(items.nth(0)).toContainText(
      'Runs on this device alone, at 79 to 154 tokens/s. Fetched in about 13 s.',
    );
    await expect(items.nth(1)).toContainText(
      'Too large for this device alone, by 2.8 GB. 3 devices like it run it together, at 9.3 to 18 tokens/s',
    );
    await expect(items.nth(2)).toContainText('One shard of it is too large already');
    await items.nth(1).getByText('With more devices').click();
    await expect(items.nth(1).getByRole('row')).toHaveCount(5);
    await expect(page.getByTestId('device-facts')).toContainText('computes on its GPU (NVIDIA GeForce RTX 4070)');
    await page.getByTestId('device-facts').getByText('Numbers').click();
    await expect(page.getByTestId('device-facts')).toContainText('184 GB/s');
    expect(await auditPage(page)).toEqual([]);
    await items.nth(1).getByTestId('model-open').click();
    expect(await asked(page)).toEqual(['openModel Meta-Llama-3.1-8B-Instruct-Q4_K_M']);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('model-picker')).toHaveCount(0);
    await expect(page.getByTestId('models')).toBeFocused();
  });

  test('are foretold before joining, when the person has this device measured', async ({ page }) => {
    await preview.open(page, 'first');
    await expect(page.locator('.welcome')).toContainText('How fast it would be here is not measured yet.');
    await script(page, (model) => {
      model.members.value = [
        {
          ...{ peerId: 'one', name: '', self: false, ready: [0], pending: [] },
          connected: true,
          draining: false,
          layersPerSecond: 0,
        },
      ];
    });
    await page.getByTestId('foretell').click();
    const told = page.getByTestId('join-forecast');
    await expect(told).toContainText('On this device alone: 79 to 154 tokens/s; it fetches 132 MB, in about 13 s.');
    await expect(told).toContainText('With two more such devices: 31 to 62 tokens/s');
    expect(await asked(page)).toEqual(['foretell 1']);
    expect(await auditPage(page)).toEqual([]);
  });

  test('of private swarms are deleted after a question', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('models').click();
    await page.getByRole('button', { name: 'Delete My-Finetune-Q5_K_M' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Delete My-Finetune-Q5_K_M' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(page.getByTestId('model-item')).toHaveCount(3);
    expect(await asked(page)).toEqual(['forgetModel My-Finetune-Q5_K_M']);
  });

  test('take a file of another model, say what others lose, and how far it is', async ({ page }) => {
    await preview.open(page, 'ready');
    await script(page, (model) => {
      model.knownFiles = false;
      model.farewell.value = { shards: [0, 2], copiedShare: 0, answers: 0, waiting: false };
    });
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['GGUF'], 'mine.gguf'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
    await expect(page.getByTestId('model-candidate')).toContainText(
      "mine.gguf, 4 B, is another model than this swarm's",
    );
    await expect(page.getByTestId('model-candidate')).toContainText('Only this tab serves shards 0 and 2');
    // It serves: its device is measured only when somebody asks for it.
    await expect(page.getByTestId('device-facts')).toContainText('Not measured yet');
    expect(await auditPage(page)).toEqual([]);
    await page.getByTestId('candidate-open').click();
    await script(page, (model) => {
      model.shelf.progress.value = 'Reading mine.gguf: 40 %';
    });
    await expect(page.getByTestId('model-progress')).toContainText('Reading mine.gguf: 40 %');
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await asked(page)).toEqual(['openFiles mine.gguf', 'openCandidate', 'cancelModel']);
  });

  test('say what others lose before another model is opened', async ({ page }) => {
    await preview.open(page, 'ready');
    await page.getByTestId('models').click();
    const open = page.getByTestId('model-open').first();
    await script(page, (model) => {
      model.farewell.value = { shards: [0, 1], copiedShare: 0, answers: 0, waiting: false };
    });
    await open.click();
    await expect(page.getByTestId('model-leaving')).toContainText('Only this tab serves shards 0 and 1');
    expect(await asked(page)).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByTestId('model-leaving')).toHaveCount(0);
    await open.click();
    expect(await auditPage(page)).toEqual([]);
    await page.getByTestId('model-open-now').click();
    expect(await asked(page)).toHaveLength(1);
  });

  test('and the list of conversations say what goes wrong with a file, which is behind them else', async ({ page }) => {
    const file = { name: 'bad.gguf', mimeType: 'application/octet-stream', buffer: Buffer.from('no') };
    for (const [opener, input, dialog] of [
      ['models', 'model-file', 'model-picker'],
      ['conversations', 'conversation-file', 'conversation-drawer'],
    ] as const) {
      await preview.open(page, 'conversations');
      await page.getByTestId(opener).click();
      await script(page, (model) => {
        model.failWith = 'bad.gguf is damaged';
      });
      await page.getByTestId(input).setInputFiles(file);
      const alert = page.getByTestId(dialog).getByTestId('alert');
      await expect(alert).toContainText('bad.gguf is damaged');
      await alert.getByRole('button', { name: 'Dismiss' }).click();
      await expect(alert).toHaveCount(0);
    }
  });

  test('say in the list what went wrong with a link', async ({ page }) => {
    await preview.open(page, 'first');
    await page.getByTestId('models').click();
    await script(page, (model) => {
      model.failWith = 'the server answers 404';
    });
    await page.getByTestId('model-link').fill('https://a.example/b.gguf');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('model-picker').getByRole('alert')).toContainText('the server answers 404');
    expect(await auditPage(page)).toEqual([]);
  });
});
