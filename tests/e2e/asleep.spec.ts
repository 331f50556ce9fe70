import { type Browser, type BrowserServer, chromium, expect, test } from '@playwright/test';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Of a server that is away: code that is needed later comes from there.
test.use({ serviceWorkers: 'allow' });

// A laptop's lid closes in the middle of an answer: every process of its browser stands still, and no packet is answered.

const ASLEEP_MS = 60_000;
const TOKENS = 900;
const SETTINGS = withSettings({ temperature: 0 });

/** A browser of its own processes, which can be put to sleep. */
class Laptop {
  readonly #server: BrowserServer;
  readonly browser: Browser;

  private constructor(server: BrowserServer, browser: Browser) {
    this.#server = server;
    this.browser = browser;
  }

  static async open(options: Parameters<typeof chromium.launchServer>[0]): Promise<Laptop> {
    const server = await chromium.launchServer(options);
    return new Laptop(server, await chromium.connect(server.wsEndpoint()));
  }

  closeLid(): void {
    this.#signal('SIGSTOP');
  }

  openLid(): void {
    this.#signal('SIGCONT');
  }

  async close(): Promise<void> {
    this.openLid();
    await this.#server.close();
  }

  /** Playwright gives the browser a process group of its own. */
  #signal(name: NodeJS.Signals): void {
    process.kill(-this.#server.process().pid!, name);
  }
}

let server: TinyServer;
let laptop: Laptop;
let sleeper: Tab;
let stays: Tab;

test.beforeEach(async ({ browser, launchOptions }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 1024 });
  laptop = await Laptop.open(launchOptions);
  stays = await openTab(browser, server.url, SETTINGS);
  sleeper = await openTab(laptop.browser, server.url, SETTINGS);
  await joinWith(stays, [0, 1]);
  await joinWith(sleeper, [2, 3]);
  for (const { page } of [stays, sleeper]) await expectSwarmReady(page);
});

test.afterEach(async () => {
  await laptop.close();
  await stays.context.close();
  await server.stop();
});

test('a laptop that sleeps for a minute ends no answer, and is back by itself', async () => {
  const undisturbed = await tell(stays, TOKENS);
  const underWay = Promise.withResolvers<void>();
  const own = tell(sleeper, TOKENS, async () => underWay.resolve());
  const told = await tell(stays, TOKENS, async () => {
    await underWay.promise;
    laptop.closeLid();
    setTimeout(() => laptop.openLid(), ASLEEP_MS);
  });
  // The other device does not wait for it.
  expect(told.bytes).toEqual(undisturbed.bytes);
  expect(new Set(undisturbed.peers).size).toBe(2);
  expect(new Set(told.peers).size).toBe(1);
  expect(told.pauseMs).toBeLessThan(ASLEEP_MS / 2);
  // Its own answer goes on when it wakes.
  const slept = await own;
  expect(slept.bytes).toEqual(undisturbed.bytes);
  expect(slept.pauseMs).toBeGreaterThan(ASLEEP_MS / 2);
  for (const { page } of [stays, sleeper]) {
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2', { timeout: 30_000 });
  }
});
