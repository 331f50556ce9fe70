import { defineConfig } from '@playwright/test';
import chromium from './playwright.config.ts';

/** A stock Firefox beside the Chromium of the other tests. */
export default defineConfig(chromium, {
  testDir: 'tests/firefox',
  outputDir: 'test-results/firefox',
  // For hangs only: several browsers share the machine with whatever else runs there.
  timeout: 300_000,
  reporter: [['list'], ['json', { outputFile: 'test-results/firefox.json' }]],
});
