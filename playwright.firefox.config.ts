import chromium from './playwright.config.ts';

/** A stock Firefox beside the Chromium of the other tests. */
export default { ...chromium, testDir: 'tests/firefox', outputDir: 'test-results/firefox' };
