import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright';
import { inviteLink } from '../src/app/invite.ts';
import { ShoalError } from '../src/core/errors.ts';
import { openContext } from './browser.ts';
import { securePage } from './secure-page.ts';
import type { SwarmPlace } from './swarm-place.ts';
import { TAB_FLAGS } from './swarm-tab.ts';

/** The tab is asked for a sign of life this often; a tab that stays silent for `SILENCE_MS` hangs. */
const PULSE_MS = 15_000;
const SILENCE_MS = 60_000;
/** Between two attempts to open the tab: the first, doubled with each that fails, up to the last. */
const REOPEN_MS = 1_000;
const MAX_REOPEN_MS = 30_000;

export interface StandingTabOptions<Open> extends SwarmPlace {
  /** Where the browser keeps what it stores; it keeps nothing when absent. */
  readonly profileDir?: string;
  /**
   * Makes an empty tab ready for the swarm's page.
   * @param gone - fires when the tab has crashed, hangs or was closed
   * @returns what makes the page, once it is there, into what is wanted of the tab
   */
  readonly prepare: (page: Page, gone: AbortSignal) => Promise<() => Promise<Open>>;
  /** Told what happens to the tab, in a line. */
  readonly onNotice: (text: string) => void;
}

/** A swarm's page in a browser of its own without a window. A tab that crashes, hangs or is closed is opened again. */
export class StandingTab<Open> {
  readonly #options: StandingTabOptions<Open>;
  readonly #stop = new AbortController();
  #context: BrowserContext | undefined;
  #open: Open | undefined;
  #reopening: Promise<void> = Promise.resolve();

  constructor(options: StandingTabOptions<Open>) {
    this.#options = options;
  }

  /** What became of the tab, while it is there. */
  get current(): Open | undefined {
    return this.#open;
  }

  /**
   * Opens the tab.
   * @throws ShoalError `model-unavailable` when the server does not answer, as `prepare`, `aborted` once closed
   */
  async open(): Promise<void> {
    const { server, invite, profileDir, prepare } = this.#options;
    const gone = new AbortController();
    const { url, flags } = securePage(server);
    const context = await openContext([...TAB_FLAGS, ...flags], profileDir);
    this.#context = context;
    try {
      this.#stop.signal.throwIfAborted();
      // A browser with a profile opens a tab by itself.
      const page = context.pages()[0] ?? (await context.newPage());
      const made = await prepare(page, gone.signal);
      await visit(page, server, invite ? inviteLink(url, invite) : url.href);
      const open = await made();
      const onGone = () => this.#lose(gone);
      page.once('crash', onGone).once('close', onGone);
      context.once('close', onGone);
      if (page.isClosed()) return onGone();
      this.#open = open;
      void untilSilent(page, gone.signal).then(onGone);
    } catch (error) {
      await context.close().catch(() => undefined);
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
    await this.#context?.close().catch(() => undefined);
    await this.#reopening;
  }

  #lose(gone: AbortController): void {
    if (gone.signal.aborted) return;
    this.#open = undefined;
    gone.abort();
    if (this.#stop.signal.aborted) return;
    this.#options.onNotice('The tab has crashed, hangs or was closed; opening it again.');
    const lost = this.#context;
    this.#reopening = (async () => {
      await lost?.close().catch(() => undefined);
      await this.keepOpening();
    })();
  }
}

/** Resolves when the page has not answered for `SILENCE_MS`, or is gone. */
async function untilSilent(page: Page, gone: AbortSignal): Promise<void> {
  for (let answers = true; answers; ) {
    await sleep(PULSE_MS, undefined, { signal: gone, ref: false }).catch(() => undefined);
    if (gone.aborted) return;
    const silent = new AbortController();
    answers = await Promise.race([
      page.evaluate(() => true).catch(() => false),
      sleep(SILENCE_MS, false, { signal: AbortSignal.any([gone, silent.signal]), ref: false }).catch(() => false),
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
