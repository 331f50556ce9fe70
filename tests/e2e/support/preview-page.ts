import { expect, type Page, test } from '@playwright/test';
import type { PreviewModel } from './preview-model.ts';
import { startPreviewServer } from './preview-server.ts';
import type { PreviewState } from './preview-states.ts';

/** The preview page for the tests of one file. */
export interface Preview {
  readonly origin: () => string;
  readonly open: (page: Page, state: PreviewState) => Promise<void>;
}

/** Serves the preview page while the tests of the calling file run. */
export function usePreview(): Preview {
  let server: Awaited<ReturnType<typeof startPreviewServer>>;
  test.beforeAll(async () => {
    server = await startPreviewServer();
  });
  test.afterAll(async () => {
    await server?.close();
  });
  return {
    origin: () => new URL(server.pageUrl('first')).origin,
    open: async (page, state) => {
      await page.goto(server.pageUrl(state));
      await expect(page.getByTestId('swarm')).toBeAttached();
    },
  };
}

/** Does something to the scripted model in the page. */
export function script<T>(page: Page, change: (model: PreviewModel, argument: T) => void, argument?: T): Promise<void> {
  return page.evaluate(`(${change})(window.preview, ${JSON.stringify(argument)})`);
}

/** What the page has asked of the model so far. */
export function asked(page: Page): Promise<string[]> {
  return page.evaluate('window.preview.asked');
}
