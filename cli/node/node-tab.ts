import type { Page } from 'playwright';
import { ShoalError } from '../../src/core/errors.ts';
import type { LogLevel } from '../../src/core/log.ts';
import { StandingTab, type StandingTabOptions } from '../standing-tab.ts';
import { type NodeSettings, type NodeState, nodeStateInPage, settleInPage } from './page-node.ts';

/** What a node serves: what the swarm needs most, everything, or these shards. */
export type ShardChoice = 'auto' | 'all' | readonly number[];

export interface NodeTabOptions extends Omit<StandingTabOptions<ServingTab>, 'prepare' | 'profileDir'> {
  /** Where the browser keeps shards and the node's place. */
  readonly profileDir: string;
  readonly shards: ShardChoice;
  readonly settings: NodeSettings;
  /** A line of the page's log. */
  readonly onLog: (level: LogLevel, line: string) => void;
  /** How long until a shard serves; 0 for ever. */
  readonly timeoutMs: number;
}

/** A tab that serves. */
export interface ServingTab {
  state(): Promise<NodeState>;
}

/**
 * A tab that serves shards. One that comes back takes its place again, with the shards that it has stored. Opening it
 * waits until a shard serves.
 */
export function nodeTab(options: NodeTabOptions): StandingTab<ServingTab> {
  const { shards, settings, onLog, onNotice, timeoutMs } = options;
  return new StandingTab<ServingTab>({
    ...options,
    prepare: async (page) => {
      page.on('console', (message) => onLog(levelOf(message.type()), message.text()));
      await page.context().addInitScript(settleInPage, settings);
      return async () => {
        await page.locator('.page[data-settled=true]').waitFor({ state: 'attached', timeout: timeoutMs });
        await join(page, shards);
        onNotice('The tab is open; fetching and loading.');
        await untilServing(page, timeoutMs);
        const state = () => page.evaluate(nodeStateInPage);
        const { ready, model } = await state();
        onNotice(`It serves ${ready.length === 1 ? 'shard' : 'shards'} ${ready.join(', ')} of ${model}.`);
        return { state };
      };
    },
  });
}

/** Takes the place that the page is not in already. @throws ShoalError `bad-request`, `not-admitted` */
async function join(page: Page, shards: ShardChoice): Promise<void> {
  const count = await page.locator('[data-testid^=shard-][data-state]').count();
  const tooHigh = Array.isArray(shards) ? shards.find((index) => index >= count) : undefined;
  if (tooHigh !== undefined)
    throw new ShoalError('bad-request', `--shards names ${tooHigh}; the model has shards 0 to ${count - 1}.`);
  if ((await page.getByTestId('guest-note').count()) > 0) {
    const why = 'This is the link for guests of a private swarm, who may ask and not serve.';
    throw new ShoalError('not-admitted', `${why} Start the node with the link for members.`);
  }
  const wanted = shards === 'all' ? Array.from({ length: count }, (_, index) => index) : shards;
  const absent = async (index: number) =>
    (await page.getByTestId(`shard-${index}`).getAttribute('data-state')) === 'absent';
  if (wanted === 'auto') {
    const states = await Promise.all(Array.from({ length: count }, (_, index) => absent(index)));
    if (states.some((free) => !free)) return;
  } else {
    const missing: number[] = [];
    for (const index of wanted) if (await absent(index)) missing.push(index);
    if (missing.length === 0) return;
    for (const index of missing) await page.getByTestId(`shard-${index}-pick`).check();
  }
  await page.getByTestId('join').click();
}

/** @throws ShoalError `timeout` with the page's alerts */
async function untilServing(page: Page, timeoutMs: number): Promise<void> {
  const ready = page.locator('[data-testid^=shard-][data-state=ready]').first();
  try {
    await ready.waitFor({ state: 'attached', timeout: timeoutMs });
  } catch (cause) {
    const alerts = (await page.getByTestId('alert').allInnerTexts()).map((text) => ` ${text.trim()}`).join('');
    const why = `After ${timeoutMs / 1000} s no shard serves.${alerts}`;
    throw new ShoalError('timeout', `${why} Look at the server's address, or wait longer with --timeout.`, { cause });
  }
}

/** @param type - of a line in the browser's console; what is neither of Shoal's three comes from its packages */
function levelOf(type: string): LogLevel {
  if (type === 'error' || type === 'info') return type;
  return type === 'warning' ? 'warn' : 'debug';
}
