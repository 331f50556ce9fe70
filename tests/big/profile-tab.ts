import { readdirSync, readFileSync } from 'node:fs';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { CHROMIUM_FLAGS, findBrowser } from '../../cli/browser.ts';
import type { Settings } from '../../src/ui/app-model.ts';

/** When a shard of a tab reached a state, ms since the page was asked for. */
export type ShardSteps = Readonly<Record<string, number>>;

const MEMORY_LOOK_MS = 250;
const STEP_TIMEOUT_MS = 15 * 60_000;

declare global {
  interface Window {
    shoalSteps: Record<string, number>;
  }
}

/** One browser of its own with its profile on disk, as a person has it, and one tab in it. */
export class ProfileTab {
  readonly page: Page;
  readonly folder: string;
  readonly console: readonly string[];
  readonly #context: BrowserContext;
  readonly #memory: ReturnType<typeof setInterval>;
  #peakMiB = 0;

  static async open(folder: string, url: string, settings: Partial<Settings>): Promise<ProfileTab> {
    const { executablePath, env } = await findBrowser();
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      env: { ...process.env, ...env } as Record<string, string>,
      args: CHROMIUM_FLAGS,
      viewport: { width: 1280, height: 800 },
    });
    await context.addInitScript((stored) => {
      if (location.protocol === 'about:') return;
      localStorage.setItem('shoal-settings', stored);
      window.shoalSteps = {};
      const note = () => {
        for (const row of document.querySelectorAll('[data-testid^=shard-][data-state]'))
          window.shoalSteps[`${row.getAttribute('data-testid')} ${row.getAttribute('data-state')}`] ??=
            performance.now();
        const swarm = document.querySelector('[data-testid=swarm]')?.getAttribute('data-state');
        if (swarm) window.shoalSteps[`swarm ${swarm}`] ??= performance.now();
      };
      new MutationObserver(note).observe(document, {
        subtree: true,
        childList: true,
        attributes: true,
        attributeFilter: ['data-state'],
      });
    }, JSON.stringify(settings));
    const page = context.pages()[0] ?? (await context.newPage());
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    page.on('pageerror', (error) => lines.push(`page error: ${error.message}`));
    await page.goto(url);
    return new ProfileTab(context, page, folder, lines);
  }

  private constructor(context: BrowserContext, page: Page, folder: string, console: readonly string[]) {
    this.#context = context;
    this.page = page;
    this.folder = folder;
    this.console = console;
    this.#memory = setInterval(() => {
      this.#peakMiB = Math.max(this.#peakMiB, largestRendererMiB(folder));
    }, MEMORY_LOOK_MS);
  }

  /** The most anonymous memory that a renderer of this browser had since it opened, or since `forgetPeak`. */
  get peakMiB(): number {
    return this.#peakMiB;
  }

  forgetPeak(): void {
    this.#peakMiB = 0;
  }

  async join(shards: readonly number[]): Promise<void> {
    for (const shard of shards) await this.page.getByTestId(`shard-${shard}-pick`).check({ timeout: STEP_TIMEOUT_MS });
    await this.page.getByTestId('join').click();
  }

  /** As `untilReady`, whatever the others serve. */
  async untilServing(shard: number): Promise<ShardSteps> {
    await this.#waitFor(`[data-testid=shard-${shard}][data-state=ready]`);
    return this.page.evaluate(() => window.shoalSteps);
  }

  /** Waits until these shards serve here and all are served somewhere. @returns when each step came */
  async untilReady(shards: readonly number[]): Promise<ShardSteps> {
    for (const shard of shards) await this.#waitFor(`[data-testid=shard-${shard}][data-state=ready]`);
    await this.#waitFor('[data-testid=swarm][data-state=ready]');
    return this.page.evaluate(() => window.shoalSteps);
  }

  /** Ends the tab as a crash does: nobody is told. */
  async crash(): Promise<void> {
    const devtools = await this.#context.newCDPSession(this.page);
    // The call never returns: the page that would answer is gone.
    devtools.send('Page.crash').catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#memory);
    await this.#context.close();
  }

  async #waitFor(selector: string): Promise<void> {
    await this.page.locator(selector).waitFor({ state: 'attached', timeout: STEP_TIMEOUT_MS });
  }
}

/** Anonymous and shared memory of the largest renderer whose browser has this profile; 0 when there is none. */
function largestRendererMiB(folder: string): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const browsers = new Set<string>();
  const renderers: { pid: string; parent: string }[] = [];
  const parents = new Map<string, string>();
  for (const pid of processes) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
      parents.set(pid, parent);
      if (command.includes(`--user-data-dir=${folder}\0`) && !command.includes('--type=')) browsers.add(pid);
      if (command.includes('--type=renderer')) renderers.push({ pid, parent });
    } catch {
      // A process that has ended meanwhile.
    }
  }
  const below = (pid: string | undefined): boolean =>
    pid !== undefined && (browsers.has(pid) || below(parents.get(pid)));
  return Math.max(0, ...renderers.filter(({ parent }) => below(parent)).map(({ pid }) => memoryMiB(pid)));
}

function memoryMiB(pid: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return mib('RssAnon') + mib('RssShmem');
  } catch {
    return 0;
  }
}
