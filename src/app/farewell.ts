import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { ShoalError } from '../core/errors.ts';
import { copyElsewhere } from '../swarm/assign/copy-elsewhere.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { FarewellSummary, ShardRow } from './app-model.ts';

const NOTHING: FarewellSummary = { shards: [], copiedShare: 0, answers: 0, waiting: false };

/** What others lose when this tab goes, and the wait until they have it. */
export class Farewell {
  readonly #summary: Signal<FarewellSummary> = signal(NOTHING);
  #wait: AbortController | undefined;

  get summary(): ReadonlySignal<FarewellSummary> {
    return this.#summary;
  }

  /** @param shards - as the page lists them */
  refresh(node: SwarmNode, shards: readonly ShardRow[]): void {
    const sole = shards.filter(({ state, holders }) => state === 'ready' && holders === 1);
    const answers = node.stages.othersAnswers;
    const others = node.membership.members().length;
    const shared = others > 0 || answers > 0;
    const copiedShare = Math.min(...sole.map((shard) => shard.copiedShare));
    const waiting = this.#wait !== undefined;
    const next =
      shared && sole.length > 0
        ? { shards: sole.map(({ index }) => index), copiedShare, answers, waiting }
        : { ...NOTHING, waiting };
    if (JSON.stringify(next) !== JSON.stringify(this.#summary.value)) this.#summary.value = next;
  }

  /** Whether an answer is under way that ends when the tab is closed: only then it asks before. @param shards - as `refresh` */
  answersNeedIt(node: SwarmNode, shards: readonly ShardRow[]): boolean {
    this.refresh(node, shards);
    return this.#summary.value.shards.length > 0 && node.stages.answering;
  }

  /** Waits until others have what only this tab serves. @returns false when the person stays after all @throws ShoalError `consent-required` */
  async untilCopied(node: SwarmNode): Promise<boolean> {
    this.#wait?.abort();
    const wait = new AbortController();
    this.#wait = wait;
    this.#summary.value = { ...this.#summary.value, waiting: true };
    try {
      const members = () => node.membership.members().map(({ peerId }) => peerId);
      await copyElsewhere({ commands: node.commands, members }, this.#summary.value.shards, wait.signal);
      return true;
    } catch (error) {
      if (ShoalError.from(error).code === 'aborted') return false;
      throw error;
    } finally {
      this.#end(wait);
    }
  }

  /** Ends the wait: the tab stays. */
  stay(): void {
    this.#wait?.abort();
  }

  #end(wait: AbortController): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    this.#summary.value = { ...this.#summary.value, waiting: false };
  }
}
