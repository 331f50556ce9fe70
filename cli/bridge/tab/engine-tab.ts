import type { Page } from 'playwright';
import { ShoalError } from '../../../src/core/errors.ts';
import { StandingTab, type StandingTabOptions } from '../../standing-tab.ts';
import { waitUntilWhole } from '../../swarm-tab.ts';
import { PageCalls } from './page-calls.ts';
import { answerInPage, cancelInPage, modelInPage, promptSizeInPage } from './page-engine.ts';
import type { OpenTab } from './swarm.ts';

export interface EngineTabOptions extends Omit<StandingTabOptions<OpenTab>, 'prepare' | 'profileDir'> {
  /** How long the swarm may take to be whole; 0 for ever. */
  readonly timeoutMs: number;
}

/** A guest's tab whose engine answers. Opening it waits until the swarm is whole, or throws ShoalError `timeout`. */
export function engineTab({ timeoutMs, ...options }: EngineTabOptions): StandingTab<OpenTab> {
  const { onNotice } = options;
  return new StandingTab<OpenTab>({
    ...options,
    prepare: async (page, gone) => {
      const calls = callsOf(page, gone);
      await page.exposeBinding('shoalBridge', (_, id: string, json: string) => calls.receive(id, json));
      return async () => {
        onNotice('The tab is open; waiting until every layer is served.');
        const seen = await whole(page, timeoutMs);
        const model = await page.evaluate(modelInPage);
        onNotice(`The swarm is ready: ${model}, ${seen}.`);
        return { model, calls };
      };
    },
  });
}

function callsOf(page: Page, gone: AbortSignal): PageCalls {
  return new PageCalls(
    {
      answer: (call) => page.evaluate(answerInPage, call),
      cancel: (id) => page.evaluate(cancelInPage, id),
      promptSize: (request) => page.evaluate(promptSizeInPage, request),
    },
    gone,
  );
}

/** @throws ShoalError `timeout` */
async function whole(page: Page, timeoutMs: number): Promise<string> {
  try {
    return await waitUntilWhole(page, timeoutMs);
  } catch (cause) {
    const { code, message } = ShoalError.from(cause);
    throw new ShoalError(
      code,
      `${message} Nobody can be asked before every layer is served: open its invite in more tabs, or wait longer with --timeout.`,
      { cause },
    );
  }
}
