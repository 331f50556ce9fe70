import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findBrowser } from './cli/browser.ts';

const { executablePath, env } = await findBrowser();
// Limits of what is waited for are for hangs: what is to be seen sooner has one of its own.
const expect = { timeout: 30_000 };

/** The page alone, over a scripted model. */
const PAGE = /\/ui[\w-]*\.spec\.ts$/;
/** Takes longest: it begins, so that it is not left to run by itself at the end. Others beside it would starve each other. */
const LONG = /\/webgpu\.spec\.ts$/;
/** Swarms that are held to times, also to the silence after which a tab is given up: nothing runs beside them. */
const ALONE =
  /\/(first-minute|late|many-tabs|noise|paste|recovery|servers|store-times|template|transport|transport-servers)\.spec\.ts$/;

/**
 * Real tabs in the Chromium that `findBrowser` names. Files of the projects `long` and `swarm` may run side by side: each
 * has a browser and a server of its own. Tests of the page alone may do so one by one.
 */
export default defineConfig({
  testDir: 'tests/e2e',
  globalSetup: './tests/e2e/support/prepare-data.ts',
  projects: [
    { name: 'long', testMatch: LONG, expect },
    { name: 'swarm', testMatch: '*.spec.ts', testIgnore: [LONG, PAGE, ALONE], expect },
    { name: 'page', testMatch: PAGE, fullyParallel: true, expect },
    { name: 'alone', testMatch: ALONE },
  ],
  workers: 1,
  // Real tabs and real networks on a shared machine: what does not repeat there is told as flaky.
  retries: 1,
  // For hangs: beside another file, on a busy machine, tests take several times as long.
  timeout: 400_000,
  outputDir: 'test-results/e2e',
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  use: {
    // It fetches the whole page a second time, which a third of a tab's opening goes into. Who tests it allows it.
    serviceWorkers: 'block',
    launchOptions: {
      executablePath,
      args: CHROMIUM_FLAGS,
      env: { ...process.env, ...env } as Record<string, string>,
    },
  },
});
