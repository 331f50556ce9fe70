import { expect } from '@playwright/test';
import type { AnyTab } from './evaluator.ts';

/** A greedy answer as its tab saw it. */
export interface Told {
  /** Bytes of the text, token by token: what makes two answers the same. */
  readonly bytes: readonly number[];
  /** Longest time between two tokens, ms. */
  readonly pauseMs: number;
  /** Tokens that were there when the disturbance was over. */
  readonly disturbedAt: number;
  /** Tokens in all. */
  readonly tokens: number;
  /** Peers of the last lap. */
  readonly peers: readonly string[];
}

interface Progress {
  readonly bytes: number[];
  readonly times: number[];
  done: boolean;
  error: string;
}

/** The answer is under way when this many tokens are there. */
const UNDER_WAY_TOKENS = 10;
const ANSWER_TIMEOUT_MS = 150_000;

/** A greedy answer of `tokens` tokens to this tab; `disturb` runs once it is under way. */
export async function tell({ page }: AnyTab, tokens: number, disturb?: () => Promise<unknown>): Promise<Told> {
  await page.evaluate((maxTokens) => {
    const told: Progress = { bytes: [], times: [], done: false, error: '' };
    Object.assign(window, { told });
    void (async () => {
      try {
        const chunks = await window.shoal.engine.chat.completions.create({
          messages: [{ role: 'user', content: 'Hello' }],
          ...{ stream: true, temperature: 0, max_tokens: maxTokens, logprobs: true, ignore_eos: true },
        });
        for await (const chunk of chunks as AsyncIterable<{
          choices: { logprobs?: { content: { bytes: number[] | null }[] } | null }[];
        }>) {
          for (const token of chunk.choices[0]?.logprobs?.content ?? []) {
            told.bytes.push(...(token.bytes ?? []));
            told.times.push(performance.now());
          }
        }
      } catch (error) {
        told.error = (error as Error).message;
      }
      told.done = true;
    })();
  }, tokens);
  const progress = () => page.evaluate(() => (window as unknown as { told: Progress }).told);
  let disturbedAt = 0;
  if (disturb) {
    await expect
      .poll(async () => (await progress()).times.length, { timeout: 60_000, intervals: [50] })
      .toBeGreaterThan(UNDER_WAY_TOKENS);
    await disturb();
    disturbedAt = (await progress()).times.length;
  }
  const isDone = () => page.evaluate(() => (window as unknown as { told: Progress }).told.done);
  await expect.poll(isDone, { timeout: ANSWER_TIMEOUT_MS, intervals: [100] }).toBe(true);
  const { bytes, times, error } = await progress();
  expect(error).toBe('');
  const pauseMs = Math.max(...times.slice(1).map((time, index) => time - times[index]!));
  return { bytes, pauseMs, disturbedAt, tokens: times.length, peers: await routeOf({ page }) };
}

/** Peers of the tab's last lap. */
export function routeOf({ page }: AnyTab): Promise<string[]> {
  return page.evaluate(() => window.shoal.lap?.stages.map(({ peerId }) => peerId) ?? []);
}
