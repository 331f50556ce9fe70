import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findBrowser } from './cli/browser.ts';

const { executablePath, env } = await findBrowser();

/** The page alone, over a scripted model. */
const PAGE = /\/ui[\w-]*\.spec\.ts$/;

/**
 * Real tabs in the Chromium that `findBrowser` names. Tests of swarms run one at a time: each brings tabs that share the
 * machine. Those of the page alone may run side by side, fully apart.
 */
export default defineConfig({
  testDir: 'tests/e2e',
  projects: [
    { name: 'page', testMatch: PAGE, fullyParallel: true },
    { name: 'swarm', testMatch: '*.spec.ts', testIgnore: PAGE },
  ],
  workers: 1,
  // Real tabs and real networks on a shared machine: what does not repeat there is told as flaky.
  retries: 1,
  timeout: 180_000,
  outputDir: 'test-results/e2e',
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  use: {
    launchOptions: {
      executablePath,
      args: CHROMIUM_FLAGS,
      env: { ...process.env, ...env } as Record<string, string>,
    },
  },
});
