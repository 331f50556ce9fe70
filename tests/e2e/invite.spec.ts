import { expect, test } from '@playwright/test';
import { openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

// What an invite names, when its page was opened by an address of loopback.

test('names the address that others reach, in the link and in the QR code', async ({ browser }) => {
  const server = await startTinyServer(['--public-url', 'https://shoal.example/a']);
  const { page, context } = await openTab(browser, server.url);
  await expect(page.getByTestId('invite-link')).toHaveText(/^https:\/\/shoal\.example\/a\/#m=[0-9a-f]{64}$/);
  const link = await page.getByTestId('invite-link').textContent();
  expect(server.output()).toContain(`Invite: ${link}\n`);
  await page.getByRole('button', { name: 'QR code' }).click();
  await expect(page.getByTestId('qr')).toContainText(link!);
  await expect(page.getByTestId('invite-this-machine')).toHaveCount(0);
  await context.close();
  await server.stop();
});

test('says where nobody else can come in, and what changes that', async ({ browser }) => {
  const server = await startTinyServer();
  const { page, context } = await openTab(browser, server.url);
  await expect(page.getByTestId('invite-this-machine')).toContainText('works on this machine only');
  await expect(page.getByTestId('invite-this-machine')).toContainText('npm start -- --host 0.0.0.0 --https');
  await expect(page.getByRole('button', { name: 'QR code' })).toHaveCount(0);
  await context.close();
  await server.stop();
});
