import { type Browser, type BrowserContext, expect, test } from '@playwright/test';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { routeOf, tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// What a tab computes is computed again by others: who flips a sign in one layer is found and left out.

const TOKENS = 12;

let server: TinyServer;
let guest: Tab;
let nodes: Tab[];

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 512 });
  guest = await openTab(browser, server.url);
  nodes = await Promise.all([[0], [1], [2, 3], [1], [1]].map((shards) => openNode(browser, shards)));
  await expectSwarmReady(guest.page);
  await expect(guest.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '5', { timeout: 180_000 });
});

test.afterEach(() => {
  // What the asking tab saw tells why.
  const { status, expectedStatus } = test.info();
  if (status !== expectedStatus) console.log(guest.console.slice(-40).join('\n'));
});

test.afterAll(async () => {
  await Promise.all([guest, ...nodes].map(({ context }) => context.close()));
  await server.stop();
});

async function openNode(browser: Browser, shards: readonly number[]): Promise<Tab> {
  const tab = await openTab(browser, server.url, armLies);
  await joinWith(tab, shards);
  return tab;
}

/** Once `window.lies` is set, what the tab's worker computes goes on with the sign of one value of each row flipped. */
async function armLies(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const { addEventListener } = Worker.prototype;
    const heardBefore = new WeakSet<object>();
    Worker.prototype.addEventListener = function (
      this: Worker,
      type: string,
      listener: EventListenerOrEventListenerObject,
      ...rest: unknown[]
    ) {
      const heard = (event: Event) => {
        const value: unknown = (event as MessageEvent).data?.value;
        const first = value instanceof Object && !heardBefore.has(value);
        if (first) heardBefore.add(value);
        // Each call that waits has a listener.
        if (first && (window as { lies?: boolean }).lies)
          for (const result of Array.isArray(value) ? value : [value])
            if (result?.hidden instanceof Float32Array)
              for (let index = 5; index < result.hidden.length; index += 64) result.hidden[index] *= -1;
        if (typeof listener === 'function') listener.call(this, event);
        else listener.handleEvent(event);
      };
      return addEventListener.call(this, type, type === 'message' ? heard : listener, ...(rest as []));
    } as typeof addEventListener;
  });
}

/** The peer ids of those that the asking tab's list calls checked. */
async function checkedTimes(): Promise<number> {
  return guest.page.getByTestId('checked').count();
}

test('honest tabs are found good, and the page says so', async () => {
  const { bytes } = await tell(guest, TOKENS);
  await expect.poll(checkedTimes, { timeout: 180_000 }).toBe(1);
  await expect(guest.page.getByTestId('checked')).toContainText('checked once, last just now');
  expect((await tell(guest, TOKENS)).bytes).toEqual(bytes);
  await expect(guest.page.getByTestId('checked')).toContainText('checked 2 times', { timeout: 180_000 });
  await expect(guest.page.getByTestId('timeline-row')).toHaveCount(0);
});

test('a tab that flips a sign is found, left out, and named in the timeline', async () => {
  const honest = await tell(guest, TOKENS);
  const [, liarId] = await routeOf(guest);
  const ids = await Promise.all(nodes.map(({ page }) => page.evaluate(() => window.shoal.peerId)));
  const liar = nodes[ids.indexOf(liarId!)]!;
  await liar.page.evaluate(() => Object.assign(window, { lies: true }));
  // Whether the text shows it or not.
  await tell(guest, TOKENS);
  await expect(guest.page.locator('[data-testid=timeline-row][data-kind=expelled]')).toBeVisible({ timeout: 180_000 });
  for (let count = 0; count < 2; count++) {
    const told = await tell(guest, TOKENS);
    expect(told.bytes).toEqual(honest.bytes);
    expect(told.peers).not.toContain(liarId);
  }
});
