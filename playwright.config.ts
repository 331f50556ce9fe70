import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findBrowser } from './cli/browser.ts';

const { executablePath, env } = await findBrowser();

/** Real tabs in the Chromium that `findBrowser` names, one test at a time: each brings a swarm of its own. */
export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '*.spec.ts',
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
