import { spawnSync } from 'node:child_process';
import { type Browser, expect, test } from '@playwright/test';
import { type NetLab, netLabProblem, openNetLab } from '../../bench/support/netlab.ts';
import { securePage } from '../../cli/secure-page.ts';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Of a server that is away: code that is needed later comes from there.
test.use({ serviceWorkers: 'allow' });

// A device's Wi-Fi goes in the middle of answers, and comes back. Each host has a network of its own: see netlab.ts.

const problem = netLabProblem();
if (problem) console.warn(`The test of a Wi-Fi that goes and comes back is left out: ${problem}.`);
test.skip(problem !== undefined, `no network to take away: ${problem}`);

const AWAY_MS = 30_000;
const TOKENS = 900;
const SETTINGS = withSettings({ temperature: 0 });
const [SERVER, STAYS, ROAMS] = [0, 1, 2];

let lab: NetLab;
let server: TinyServer;
const browsers: Browser[] = [];
let stays: Tab;
let roams: Tab;

test.beforeAll(async () => {
  lab = await openNetLab(3);
  server = await startTinyServer(
    ['--host', lab.address(SERVER)],
    { type: 'Q4_1', contextLength: 1024 },
    lab.on(SERVER),
  );
  const { url, flags } = securePage(new URL(server.url));
  for (const host of [STAYS, ROAMS]) browsers.push(await lab.launch(host, flags));
  stays = await openTab(browsers[0]!, url.href, SETTINGS);
  roams = await openTab(browsers[1]!, url.href, SETTINGS);
  await joinWith(stays, [0, 1]);
  await joinWith(roams, [2, 3]);
  for (const { page } of [stays, roams]) await expectSwarmReady(page);
});

test.afterAll(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server?.stop();
  await lab?.close();
});

function setWifi(state: 'up' | 'down'): void {
  const [command, ...within] = lab.on(ROAMS);
  const device = within.at(-1)!;
  const { status, stderr } = spawnSync(command!, [...within, 'ip', 'link', 'set', 'dev', device, state]);
  if (status !== 0) throw new Error(`The network could not be set ${state}: ${stderr}`);
}

test('a Wi-Fi that goes for half a minute ends no answer, and the device is back by itself', async () => {
  const undisturbed = await tell(stays, TOKENS);
  expect(new Set(undisturbed.peers).size).toBe(2);
  const underWay = Promise.withResolvers<void>();
  const own = tell(roams, TOKENS, async () => underWay.resolve());
  const told = await tell(stays, TOKENS, async () => {
    await underWay.promise;
    setWifi('down');
    setTimeout(() => setWifi('up'), AWAY_MS);
  });
  // The other device does not wait for it.
  expect(told.bytes).toEqual(undisturbed.bytes);
  expect(told.pauseMs).toBeLessThan(AWAY_MS);
  // Its own answer goes on by the time that it is back.
  const away = await own;
  expect(away.bytes).toEqual(undisturbed.bytes);
  expect(away.pauseMs).toBeGreaterThan(AWAY_MS / 2);
  expect(away.pauseMs).toBeLessThan(2 * AWAY_MS);
  for (const { page } of [stays, roams])
    await expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2', { timeout: 60_000 });
  console.log(`longest pauses: ${told.pauseMs.toFixed(0)} ms there, ${away.pauseMs.toFixed(0)} ms here`);
});
