import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import { inviteLink } from '../../../src/app/invite.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import { launchBrowser } from '../../browser.ts';
import { securePage } from '../../secure-page.ts';
import type { SwarmPlace } from '../../swarm-place.ts';
import { newTab, TAB_FLAGS, waitUntilWhole } from '../../swarm-tab.ts';
import { MAX_REOPEN_MS, REOPEN_MS, TAB_PULSE_MS, TAB_SILENCE_MS } from '../limits.ts';
import { PageCalls } from './page-calls.ts';
import { answerInPage, cancelInPage, modelInPage, promptSizeInPage } from './page-engine.ts';
import type { OpenTab } from './swarm.ts';

export interface StandingTabOptions extends SwarmPlace {
  /** How long the swarm may take to be whole; 0 for ever. */
  readonly timeoutMs: number;
  /** Told what happens to the tab, in a line. */
  readonly onNotice: (text: string) => void;
}

/** A guest's tab in a browser of its own. A tab that crashes, hangs or is closed is opened again. */
export class StandingTab {
  readonly #options: StandingTabOptions;
  readonly #stop = new AbortController();
  #browser: Browser | undefined;
  #open: OpenTab | undefined;
  #reopening: Promise<void> = Promise.resolve();

  constructor(options: StandingTabOptions) {
    this.#options = options;
  }

  /** The tab, while it can be asked. */
  get current(): OpenTab | undefined {
    return this.#open;
  }

  /**
   * Opens the tab and waits until the swarm is whole.
   * @throws ShoalError `model-unavailable` when the server does not answer, `timeout` when the swarm is not whole in time,
   * `aborted` once closed
   */
  async open(): Promise<void> {
    const { server, invite, timeoutMs, onNotice } = this.#options;
    const gone = new AbortController();
    const { url, flags } = securePage(server);
    const browser = await launchBrowser([...TAB_FLAGS, ...flags], 'ignore');
    this.#browser = browser;
    try {
      this.#stop.signal.throwIfAborted();
      const page = await newTab(browser);
      const calls = callsOf(page, gone.signal);
      await page.exposeBinding('shoalBridge', (_, id: string, json: string) => calls.receive(id, json));
      await visit(page, server, invite ? inviteLink(url, invite) : url.href);
      onNotice('The tab is open; waiting until every layer is served.');
      const seen = await whole(page, timeoutMs);
      const model = await page.evaluate(modelInPage);
      onNotice(`The swarm is ready: ${model}, ${seen}.`);
      const onGone = () => this.#lose(gone);
      page.once('crash', onGone).once('close', onGone);
      browser.once('disconnected', onGone);
      if (page.isClosed() || !browser.isConnected()) return onGone();
      this.#open = { model, calls };
      void untilSilent(page, gone.signal).then(onGone);
    } catch (error) {
      await browser.close().catch(() => undefined);
      this.#stop.signal.throwIfAborted();
      throw error;
    }
  }

  /** As `open`, again and again until the tab is there or closed for good. */
  async keepOpening(): Promise<void> {
    const { signal } = this.#stop;
    for (let delayMs = REOPEN_MS; !signal.aborted; delayMs = Math.min(2 * delayMs, MAX_REOPEN_MS)) {
      try {
        return await this.open();
      } catch (error) {
        if (!signal.aborted) this.#options.onNotice(`${ShoalError.from(error).message} Trying again.`);
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#open = undefined;
    await this.#browser?.close().catch(() => undefined);
    await this.#reopening;
  }

  #lose(gone: AbortController): void {
    if (gone.signal.aborted) return;
    this.#open = undefined;
    gone.abort();
    if (this.#stop.signal.aborted) return;
    this.#options.onNotice('The tab has crashed, hangs or was closed; opening it again. Requests get 503 meanwhile.');
    const lost = this.#browser;
    this.#reopening = (async () => {
      await lost?.close().catch(() => undefined);
      await this.keepOpening();
    })();
  }
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

/** Resolves when the page has not answered for `TAB_SILENCE_MS`, or is gone. */
async function untilSilent(page: Page, gone: AbortSignal): Promise<void> {
  for (let answers = true; answers; ) {
    await sleep(TAB_PULSE_MS, undefined, { signal: gone, ref: false }).catch(() => undefined);
    if (gone.aborted) return;
    const silent = new AbortController();
    answers = await Promise.race([
      page.evaluate(() => true).catch(() => false),
      sleep(TAB_SILENCE_MS, false, { signal: AbortSignal.any([gone, silent.signal]), ref: false }).catch(() => false),
    ]);
    silent.abort();
  }
}

/** @throws ShoalError `model-unavailable` */
async function visit(page: Page, server: URL, link: string): Promise<void> {
  try {
    await page.goto(link);
  } catch (cause) {
    const why = /net::(\w+)/.exec(String(cause))?.[1] ?? ShoalError.from(cause).message.split('\n')[0];
    throw new ShoalError(
      'model-unavailable',
      `${server.origin} does not answer (${why}). Start it there with "npm start", or give the invite of another.`,
      { cause },
    );
  }
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
