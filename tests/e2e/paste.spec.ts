import { expect, test } from '@playwright/test';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

/** What a paste may hold another tab's answer up for. */
const MAX_PAUSE_MS = 1000;
const CHARS = 1_000_000;
const TOKENS = 1000;

const PASTES: readonly (readonly [string, string])[] = [
  ['letters', 'a'.repeat(CHARS)],
  ['spaces', `${' '.repeat(CHARS)}.`],
  ['Chinese', '好'.repeat(CHARS)],
  [
    'base64',
    btoa(Array.from({ length: 0.75 * CHARS }, (_, at) => String.fromCharCode(((at * at * 31) >> 3) & 255)).join('')),
  ],
  ['newlines', `${'\n'.repeat(CHARS)}.`],
];

let server: TinyServer;
let node: Tab;
let guest: Tab;
let undisturbed: Awaited<ReturnType<typeof tell>>;

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 2048 });
  node = await openTab(browser, server.url, (context) =>
    context.grantPermissions(['clipboard-read', 'clipboard-write']),
  );
  await joinWith(node, [0, 1, 2, 3]);
  guest = await openTab(browser, server.url);
  await expectSwarmReady(guest.page);
  undisturbed = await tell(guest, TOKENS);
});
test.afterAll(async () => {
  await Promise.all([node, guest].map(({ context }) => context.close()));
  await server.stop();
});

/** The error that a program gets for the text as a prompt. */
function refusalOf({ page }: Tab, content: string): Promise<string> {
  return page.evaluate(async (content) => {
    const messages = [{ role: 'user' as const, content: `.${content}` }];
    return window.shoal.engine.chatCompletion({ messages }).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
  }, content);
}

for (const [name, text] of PASTES) {
  test(`a paste of a million characters, ${name}, holds up no answer that goes through the tab`, async () => {
    const told = await tell(guest, TOKENS, async () => {
      await node.page.bringToFront();
      await node.page.evaluate((pasted) => navigator.clipboard.writeText(pasted), text);
      await node.page.getByTestId('prompt').press('ControlOrMeta+v');
      expect(await refusalOf(node, text)).toBe('context-full');
      await expect(node.page.locator('#prompt-hint')).toContainText(/tokens: too long to send/);
      expect(await guest.page.evaluate(() => (window as unknown as { told: { done: boolean } }).told.done)).toBe(false);
    });
    expect(told.bytes).toEqual(undisturbed.bytes);
    expect(told.pauseMs).toBeLessThan(MAX_PAUSE_MS);
    await expect(node.page.getByTestId('send')).toBeDisabled();
    await expect(node.page.getByTestId('message')).toHaveCount(0);
  });
}
