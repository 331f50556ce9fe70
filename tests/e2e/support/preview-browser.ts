import { type Browser, chromium } from 'playwright';
import { CHROMIUM_FLAGS, findBrowser } from '../../../cli/browser.ts';

/** A browser for pictures of the page, outside the test runner. */
export async function openPreviewBrowser(): Promise<Browser> {
  const { executablePath, env } = await findBrowser();
  return chromium.launch({
    executablePath,
    env: { ...process.env, ...env } as Record<string, string>,
    args: CHROMIUM_FLAGS,
  });
}
