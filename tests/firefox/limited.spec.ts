import { expect, test } from '@playwright/test';
import { ask } from '../e2e/support/asking.ts';
import { expectSwarmReady as expectChromiumReady, expectShardState, openTab } from '../e2e/support/tab.ts';
import { startTinyServer, type TinyServer } from '../e2e/support/tiny-server.ts';
import { Firefox, type FirefoxOptions } from './support/firefox.ts';
import { expectSwarmReady, runAll } from './support/steps.ts';

// A Firefox whose owner has switched something off: it runs the model alone, and says what it cannot do.

interface Limited {
  readonly prefs: NonNullable<FirefoxOptions['prefs']>;
  readonly lack: string;
  readonly words: RegExp;
}

const LIMITED: Readonly<Record<string, Limited>> = {
  'without WebRTC': {
    prefs: { 'media.peerconnection.enabled': false },
    lack: 'webrtc',
    words: /cannot work with others/,
  },
  // Cookies and site data of all sites are blocked.
  'without site data': {
    prefs: { 'network.cookie.cookieBehavior': 2 },
    lack: 'site-data',
    words: /nothing is there any more/,
  },
  'in a private window': {
    prefs: { 'browser.privatebrowsing.autostart': true },
    lack: 'lasting-site-data',
    words: /gone when it is closed/,
  },
};

let server: TinyServer;
let expected: string;

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer();
  const chromium = await openTab(browser, server.url);
  await chromium.page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3]) await expectShardState(chromium.page, shard, 'ready');
  await expectChromiumReady(chromium.page);
  expected = await ask(chromium);
  expect(expected).not.toMatch(/^error|^$/);
  await chromium.context.close();
});

test.afterAll(() => server.stop());

for (const [name, { prefs, lack, words }] of Object.entries(LIMITED)) {
  test(name, async () => {
    const firefox = await Firefox.launch({ prefs });
    try {
      const tab = await firefox.openPlainTab(server.url);
      await runAll(tab);
      await expectSwarmReady(tab);
      expect(await tab.attribute('lack', 'data-lack')).toBe(lack);
      expect(await tab.text('lack')).toMatch(words);
      expect(await ask(tab)).toBe(expected);
    } finally {
      await firefox.close();
    }
  });
}
