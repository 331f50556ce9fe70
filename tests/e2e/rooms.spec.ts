import { expect, type Page, test } from '@playwright/test';
import { expectSwarmReady, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// A conversation that its owner opens to everybody in the swarm: others read along and ask.

let server: TinyServer;
let owner: Tab;
let guest: Tab;

test.describe.configure({ mode: 'serial' });

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 2048 });
  const open = async (name: string) => {
    const settings = withSettings({ name, temperature: 0, maxTokens: 24 });
    const tab = await openTab(browser, server.url, settings);
    await tab.page.getByTestId('run-all').click();
    await expectSwarmReady(tab.page);
    return tab;
  };
  owner = await open('Anna');
  guest = await open('Bert');
});

test.afterAll(async () => {
  for (const tab of [owner, guest]) await tab.context.close();
  await server.stop();
});

const messages = (page: Page) => page.getByTestId('message');
const texts = (page: Page) => messages(page).getByTestId('message-text').allTextContents();
const lastAnswer = (page: Page) => page.locator('[data-testid=message][data-role=assistant]').last();

async function ask(page: Page, text: string): Promise<void> {
  await page.getByTestId('prompt').fill(text);
  // A room that has just answered says so a moment later.
  await expect(page.getByTestId('send')).toBeEnabled();
  await page.getByTestId('prompt').press('Enter');
}

async function answered(page: Page, count: number): Promise<void> {
  await expect(messages(page)).toHaveCount(count, { timeout: 30_000 });
  await expect(lastAnswer(page)).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
}

test('nobody sees a conversation that is not open', async () => {
  await ask(owner.page, 'The first question');
  await answered(owner.page, 2);
  await expect(guest.page.getByTestId('open-room')).toHaveCount(0);
  await guest.page.waitForTimeout(1500);
  await expect(messages(guest.page)).toHaveCount(0);
});

test('others look in, and see answers as they come', async () => {
  await owner.page.getByTestId('open-as-room').click();
  await expect(owner.page.getByTestId('room-question')).toContainText('They read all of it');
  await owner.page.getByTestId('room-yes').click();
  await expect(owner.page.getByTestId('room-bar')).toHaveAttribute('data-state', 'hosted');
  await expect(guest.page.getByTestId('open-room')).toContainText('Anna', { timeout: 30_000 });
  await guest.page.getByTestId('enter-room').click();
  await expect(guest.page.getByTestId('room-bar')).toHaveAttribute('data-state', 'open', { timeout: 30_000 });
  await answered(guest.page, 2);
  expect(await texts(guest.page)).toEqual(await texts(owner.page));
  await expect(guest.page.getByTestId('asked-by').first()).toContainText('Anna');
  await expect(owner.page.getByTestId('room-bar')).toContainText('One tab looks in');
  // What was said can be copied there, and nothing else.
  await expect(guest.page.getByTestId('copy-message').first()).toBeAttached();
  await expect(guest.page.getByTestId('regenerate')).toHaveCount(0);
  await expect(guest.page.getByTestId('edit')).toHaveCount(0);
});

test('they ask in it by their names', async () => {
  await ask(guest.page, 'A question from the next desk');
  await answered(owner.page, 4);
  await answered(guest.page, 4);
  expect(await texts(guest.page)).toEqual(await texts(owner.page));
  await expect(owner.page.getByTestId('asked-by').last()).toContainText('Bert');
  await expect(guest.page.getByTestId('asked-by').last()).toContainText('You');
  await ask(owner.page, 'And one from here');
  await answered(owner.page, 6);
  await answered(guest.page, 6);
  expect(await texts(guest.page)).toEqual(await texts(owner.page));
});

test('it goes on while its owner is in another conversation', async () => {
  await owner.page.getByTestId('new-conversation').click();
  await expect(messages(owner.page)).toHaveCount(0);
  await ask(guest.page, 'Is anybody there?');
  await answered(guest.page, 8);
  await expect(messages(owner.page)).toHaveCount(0);
  await expect(owner.page.getByTestId('room-bar')).toContainText('Another conversation of yours');
});

test('what the owner refuses stays to be sent again', async () => {
  await ask(guest.page, 'x '.repeat(4500));
  await expect(guest.page.getByTestId('alert').first()).toContainText('8000');
  await expect(guest.page.getByTestId('prompt')).toHaveValue(/^x x/);
  await guest.page.getByTestId('prompt').fill('');
  await expect(messages(guest.page)).toHaveCount(8);
});

test('its owner closes it: what was said stays to be read, and nothing is asked any more', async () => {
  await owner.page.getByTestId('close-room').click();
  await expect(guest.page.getByTestId('room-bar')).toHaveAttribute('data-state', 'closed', { timeout: 30_000 });
  await expect(messages(guest.page)).toHaveCount(8);
  await guest.page.getByTestId('prompt').fill('Too late');
  await expect(guest.page.getByTestId('send')).toBeDisabled();
  await guest.page.getByTestId('leave-room').click();
  await expect(messages(guest.page)).toHaveCount(0);
  await expect(guest.page.getByTestId('open-room')).toHaveCount(0);
});

test('another conversation is shown in place of a room, or of one whose question is edited', async () => {
  const look = () => guest.page.getByTestId('enter-room').click({ timeout: 30_000 });
  await ask(guest.page, 'A question of its own');
  await answered(guest.page, 2);
  await ask(owner.page, 'A question for all');
  await answered(owner.page, 2);
  await owner.page.getByTestId('open-as-room').click();
  await owner.page.getByTestId('room-yes').click();
  await look();
  await expect(messages(guest.page).first()).toContainText('A question for all', { timeout: 30_000 });
  await guest.page.getByTestId('conversations').click();
  await guest.page.locator('.conversation-open[aria-current=true]').click();
  await expect(messages(guest.page).first()).toContainText('A question of its own');
  await guest.page.getByTestId('new-conversation').click();
  await ask(guest.page, 'One more');
  await answered(guest.page, 2);
  await guest.page.getByTestId('edit').click({ force: true });
  await expect(guest.page.getByTestId('question-editor')).toHaveCount(1);
  await guest.page.getByTestId('conversations').click();
  await guest.page.locator('.conversation-open', { hasText: 'A question of its own' }).click();
  await expect(messages(guest.page).first()).toContainText('A question of its own');
  await expect(guest.page.getByTestId('question-editor')).toHaveCount(0);
});

test('a room ends with its conversation', async () => {
  await guest.page.getByTestId('enter-room').click();
  await expect(guest.page.getByTestId('room-bar')).toHaveAttribute('data-state', 'open', { timeout: 30_000 });
  await owner.page.getByTestId('conversations').click();
  const current = owner.page.locator('.conversation[data-current=true]');
  await current.locator('button[aria-expanded]').click();
  await current.locator('.danger').click();
  await expect(guest.page.getByTestId('room-bar')).toHaveAttribute('data-state', 'closed', { timeout: 30_000 });
});
