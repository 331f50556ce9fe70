import { expect } from '@playwright/test';
import type { FirefoxTab } from './firefox.ts';

// What a person does in a Firefox tab, and waits for. The times are for a machine that is busy with something else.

const JOIN_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 120_000;

/** Picks these shards, joins, and waits until they serve. */
export async function joinWith(tab: FirefoxTab, shards: readonly number[]): Promise<void> {
  for (const shard of shards) await tab.click(`shard-${shard}-pick`);
  await tab.click('join');
  await expectShards(tab, shards);
}

/** Runs the whole model in this tab. */
export async function runAll(tab: FirefoxTab): Promise<void> {
  await tab.click('run-all');
  await expectShards(tab, [0, 1, 2, 3]);
}

/** Waits until these shards serve here. */
export async function expectShards(tab: FirefoxTab, shards: readonly number[]): Promise<void> {
  const waiting = new Set(shards);
  const ready = async () => {
    for (const shard of waiting) {
      const state = await tab.attribute(`shard-${shard}`, 'data-state');
      if (state === 'ready') waiting.delete(shard);
      if (state === 'error') throw new Error(await tab.text(`shard-${shard}`));
    }
    return waiting.size;
  };
  await expect.poll(ready, { timeout: JOIN_TIMEOUT_MS }).toBe(0);
}

/** Waits until the tab sees every layer covered. */
export async function expectSwarmReady(tab: FirefoxTab): Promise<void> {
  await expect.poll(() => tab.attribute('swarm', 'data-state'), { timeout: JOIN_TIMEOUT_MS }).toBe('ready');
}

/** The answer on the page is done, and says this. */
export async function expectAnswer(tab: FirefoxTab, text: string): Promise<void> {
  await expect.poll(() => tab.attribute('message', 'data-state'), { timeout: ANSWER_TIMEOUT_MS }).toBe('done');
  expect(await tab.text('message-text')).toContain(text);
}
