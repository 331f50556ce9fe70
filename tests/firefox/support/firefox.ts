import { type Browser, launch, type Page } from 'puppeteer-core';
import type { Settings } from '../../../src/app/app-model.ts';
import type { Evaluator } from '../../e2e/support/evaluator.ts';
import { findFirefox } from './find-firefox.ts';

/** On a busy machine the first start of a new profile takes a while. */
const START_TIMEOUT_MS = 120_000;
/** Until a page is there, and what is to be clicked on it. */
const STEP_TIMEOUT_MS = 120_000;

export interface FirefoxOptions {
  /** What `about:config` would be set to. */
  readonly prefs?: Readonly<Record<string, string | number | boolean>>;
  readonly args?: readonly string[];
}

/** A stock Firefox without a window and with a new profile, driven over WebDriver BiDi. */
export class Firefox {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @throws Error when none is installed */
  static async launch({ prefs = {}, args = [] }: FirefoxOptions = {}): Promise<Firefox> {
    const executablePath = findFirefox();
    if (!executablePath) throw new Error('No Firefox is installed here. Install one, or name one with SHOAL_FIREFOX.');
    return new Firefox(
      await launch({
        ...{ browser: 'firefox', executablePath, headless: true, timeout: START_TIMEOUT_MS },
        // A function that runs in the page may wait for a whole answer.
        protocolTimeout: 300_000,
        args: [...args],
        extraPrefsFirefox: { ...prefs },
      }),
    );
  }

  /** A tab in a container of its own: it shares no storage with others. */
  async openTab(url: string, settings: Partial<Settings> = {}): Promise<FirefoxTab> {
    const context = await this.#browser.createBrowserContext();
    return this.#open(await context.newPage(), url, settings);
  }

  /** A tab in no container, as a window opens it. */
  async openPlainTab(url: string, settings: Partial<Settings> = {}): Promise<FirefoxTab> {
    return this.#open(await this.#browser.newPage(), url, settings);
  }

  /** Ends it as a crash does: nobody is told. */
  kill(): void {
    this.#browser.process()?.kill('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async #open(page: Page, url: string, settings: Partial<Settings>): Promise<FirefoxTab> {
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    const tab = new FirefoxTab(page);
    await page.evaluateOnNewDocument((stored) => {
      try {
        localStorage.setItem('shoal-settings', stored);
      } catch {
        // A page without site data has the default settings.
      }
    }, JSON.stringify(settings));
    await page.goto(url);
    return tab;
  }
}

/** A tab of a Firefox. */
export class FirefoxTab {
  readonly page: Evaluator;
  /** Lines of the page's console. */
  readonly console: string[] = [];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.page = { evaluate: (...call: Parameters<Page['evaluate']>) => page.evaluate(...call) } as Evaluator;
    page.on('console', (message) => this.console.push(message.text()));
    // A tab that an answer needs asks before it goes: it goes all the same.
    page.on('dialog', (dialog) => void dialog.accept());
    page.on('pageerror', (error) => this.console.push(`page error: ${String(error)}`));
  }

  /** An attribute of the last element with this test id; undefined where there is none. */
  attribute(testId: string, name: string): Promise<string | undefined> {
    return this.#page.evaluate(
      (selector, name) => [...document.querySelectorAll(selector)].at(-1)?.getAttribute(name) ?? undefined,
      ...([`[data-testid=${testId}]`, name] as const),
    );
  }

  /** The text of the last element with this test id; empty where there is none. */
  text(testId: string): Promise<string> {
    return this.#page.evaluate(
      (selector) => [...document.querySelectorAll(selector)].at(-1)?.textContent ?? '',
      `[data-testid=${testId}]`,
    );
  }

  async click(testId: string): Promise<void> {
    await this.#page.locator(`[data-testid=${testId}]`).click();
  }

  /** Types a prompt as a person does, and sends it. */
  async prompt(text: string): Promise<void> {
    await this.#page.locator('[data-testid=prompt]').fill(text);
    await this.#page.focus('[data-testid=prompt]');
    await this.#page.keyboard.press('Enter');
  }

  async reload(): Promise<void> {
    this.console.length = 0;
    await this.#page.reload();
  }
}
