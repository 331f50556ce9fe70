import type { Settings } from '../../src/app/app-model.ts';
import { PageBrowser } from './devtools.ts';
import { RendererMemory } from './renderer-memory.ts';

/** When a shard of a tab reached a state, ms since the page was asked for: `shard-1 ready`, `swarm ready`. */
export type ShardSteps = Readonly<Record<string, number>>;

const POLL_MS = 200;
const STEP_TIMEOUT_MS = 15 * 60_000;

declare global {
  interface Window {
    shoalSteps: Record<string, number>;
  }
}

/** One browser of its own with its profile on disk, as a person has it, and one tab in it. */
export class ProfileTab {
  readonly browser: PageBrowser;
  readonly #memory: RendererMemory;

  static async open(folder: string, url: string, settings: Partial<Settings>): Promise<ProfileTab> {
    return new ProfileTab(await PageBrowser.open(folder, url, prepare, JSON.stringify(settings)));
  }

  private constructor(browser: PageBrowser) {
    this.browser = browser;
    this.#memory = new RendererMemory(browser.pid);
  }

  /** The most anonymous memory that the page's process had since it opened. */
  get peakMiB(): number {
    return this.#memory.peakMiB;
  }

  /** Picks the shard and joins. */
  async join(shard: number): Promise<void> {
    await this.#until((testId) => document.querySelector(`[data-testid=${testId}]`) !== null, `shard-${shard}-pick`);
    await this.browser.evaluate((testId) => {
      document.querySelector<HTMLElement>(`[data-testid=${testId}]`)!.click();
    }, `shard-${shard}-pick`);
    await this.#until(() => !document.querySelector<HTMLButtonElement>('[data-testid=join]')!.disabled, '');
    await this.browser.evaluate(() => document.querySelector<HTMLElement>('[data-testid=join]')!.click(), '');
  }

  /** Waits until the shard serves here. @returns when each step came */
  async untilServing(shard: number): Promise<ShardSteps> {
    await this.#until((step) => window.shoalSteps[step] !== undefined, `shard-${shard} ready`);
    return this.browser.evaluate(() => window.shoalSteps, '');
  }

  /** Waits until the shard serves here, and all are served somewhere. @returns when each step came */
  async untilReady(shard: number): Promise<ShardSteps> {
    await this.untilServing(shard);
    await this.#until((step) => window.shoalSteps[step] !== undefined, 'swarm ready');
    return this.browser.evaluate(() => window.shoalSteps, '');
  }

  /** Ends the tab as a crash does: nobody is told. */
  crash(): void {
    // No answer comes: the page that would give it is gone.
    this.browser.send('Page.crash').catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#memory.stop();
    await this.browser.close();
  }

  async #until(holds: (value: string) => boolean, value: string): Promise<void> {
    for (const end = Date.now() + STEP_TIMEOUT_MS; !(await this.browser.evaluate(holds, value)); ) {
      if (Date.now() > end) throw new Error(`not within ${STEP_TIMEOUT_MS / 1000} s: ${value || holds}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Runs in the page before its own scripts: takes the settings, and notes when shards and swarm change their state. */
function prepare(settings: string): void {
  if (location.protocol === 'about:') return;
  localStorage.setItem('shoal-settings', settings);
  window.shoalSteps = {};
  const note = (name: string | null, state: string | null | undefined) => {
    if (name && state) window.shoalSteps[`${name} ${state}`] ??= performance.now();
  };
  const look = () => {
    for (const row of document.querySelectorAll('[data-testid^=shard-][data-state], [data-testid=swarm]'))
      note(row.getAttribute('data-testid'), row.getAttribute('data-state'));
  };
  new MutationObserver(look).observe(document, {
    ...{ subtree: true, childList: true, attributes: true },
    attributeFilter: ['data-state'],
  });
}
