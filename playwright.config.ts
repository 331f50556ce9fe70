import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findBrowser } from './cli/browser.ts';

const { executablePath, env } = await findBrowser();

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.spec.ts',
  // Tabs of one test already fill the machine.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  outputDir: 'test-results/e2e',
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath, args: CHROMIUM_FLAGS, env: { ...process.env, ...env } as Record<string, string> },
    screenshot: 'only-on-failure',
  },
});
