import { randomId } from '../../core/bytes.ts';
import { commonLength } from '../../core/common-length.ts';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { sameLayers } from '../../core/ranges.ts';
import { MIN_KEPT_TOKENS } from '../../protocol/limits.ts';
import type { Conversation } from './conversations.ts';
import type { CheckpointShelf, KeptStage } from './kept-conversation.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import { Restoring } from './restoring.ts';

/** Who has asked a question often asks the next at once: so long a conversation rests before it is kept. */
const STILL_MS = 2000;
/** How often a stage is asked that keeps others' sessions just now. */
const MAX_TRIES = 5;

export interface CheckpointsOptions extends Pick<PipelineDependencies, 'exchange' | 'commands'> {
  readonly shelf: CheckpointShelf;
  readonly manifestId: string;
}

/** Has the stages of this tab's conversations keep their caches, so that a later page goes on without computing them again. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** Conversations that rest, or wait for a stage that is busy with another. */
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** What was kept of a conversation that begins so, if that is worth it. Never rejects. */
  async find(key: string, ids: readonly number[]): Promise<Restoring | undefined> {
    const { shelf, exchange } = this.#options;
    const kept = await shelf.read(this.#noteOf(key)).catch(() => undefined);
    // The last is always run, as in a conversation that goes on.
    const usable = kept ? commonLength(kept.ids, ids, ids.length - 1) : 0;
    return kept && usable >= MIN_KEPT_TOKENS ? new Restoring(kept, usable, exchange.peerId) : undefined;
  }

  /** The conversation's answer has ended: keeps it in a moment, unless it goes on. */
  soon(key: string, conversation: Conversation, waitMs: number = STILL_MS, tries = 1): void {
    this.stop(key);
    if (conversation.pipeline.confirmed < MIN_KEPT_TOKENS) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#keep(key, conversation).catch((thrown: unknown) => {
        const error = ShoalError.from(thrown);
        const busy = error.code === 'busy' && tries < MAX_TRIES;
        if (busy) this.soon(key, conversation, 1000 * (1 + (error.queue?.seconds ?? 1)), tries + 1);
        else log.info('ROUTE', `A conversation is not kept for a reload: ${error.message}`);
      });
    }, waitMs);
    this.#timers.set(key, timer);
  }

  /** The conversation goes on: it is kept when it rests again. */
  stop(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }

  /** Deletes what was kept of a conversation, where its stages are reached; what is not reached nobody can read any more. */
  async drop(key: string): Promise<void> {
    this.stop(key);
    const note = this.#noteOf(key);
    const kept = await this.#options.shelf.read(note);
    await this.#options.shelf.remove(note);
    if (kept) await this.#dropStages(kept.stages);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** @throws ShoalError as the first stage that does not keep it says */
  async #keep(key: string, conversation: Conversation): Promise<void> {
    const { exchange, commands, shelf } = this.#options;
    const { pipeline, kept: before } = conversation;
    const { session, confirmed: length } = pipeline;
    if (pipeline.broken || before?.ids.length === length) return;
    const ids = conversation.ids.slice(0, length);
    // Under an old name there may only be more of the same tokens: a page that goes meanwhile knows the old ones alone.
    const goesOn = before && commonLength(before.ids, ids) === before.ids.length ? before : undefined;
    const stages = pipeline.route.map(({ peerId, layers }): KeptStage => {
      const at = peerId === exchange.peerId ? undefined : peerId;
      const same = goesOn?.stages.find((stage) => stage.peerId === at && sameLayers(stage.layers, layers));
      return { layers, name: same?.name ?? randomId(), peerId: at };
    });
    const results = await Promise.allSettled(
      stages.map(({ peerId = exchange.peerId, layers, name }) =>
        commands.send(peerId, 'KEEP_SESSION', { session, layers, name, length }),
      ),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    // It may have been deleted meanwhile.
    if (pipeline.broken) return this.#dropStages(stages);
    const kept = { ids, stages };
    await shelf.write(this.#noteOf(key), kept);
    conversation.kept = kept;
    log.info('ROUTE', `The conversation is kept for a reload: ${length} tokens at ${stages.length} stages.`);
    const old = before?.stages.filter(({ name }) => !stages.some((stage) => stage.name === name));
    if (old) await this.#dropStages(old);
  }

  async #dropStages(stages: readonly KeptStage[]): Promise<void> {
    const { exchange, commands } = this.#options;
    await Promise.allSettled(
      stages.map(({ peerId = exchange.peerId, name, layers }) =>
        commands.send(peerId, 'DROP_CHECKPOINT', { name, layers }),
      ),
    );
  }

  #noteOf(key: string): string {
    return `${this.#options.manifestId} ${key}`;
  }
}
