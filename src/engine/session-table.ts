import { ShoalError } from '../core/errors.ts';
import { formatLayers, type LayerRange } from '../core/ranges.ts';
import { MAX_SESSIONS } from '../protocol/limits.ts';
import type { SessionOptions } from './layer-runner.ts';
import { pagesFor, type Session } from './session.ts';

/** Where KV pages go back to. */
export interface PageStock {
  /** Positions that could still be cached. */
  readonly freeTokens: number;
  give(pages: readonly number[]): void;
}

/** The sessions of one runner, and who holds which KV pages. */
export class SessionTable {
  readonly #pool: PageStock;
  readonly #contextLength: number;
  readonly #sessions = new Map<string, Session>();

  constructor(pool: PageStock, contextLength: number) {
    this.#pool = pool;
    this.#contextLength = contextLength;
  }

  /** @throws ShoalError `bad-request`, `limit-exceeded`, `out-of-memory` */
  open({ session, layers, maxTokens }: SessionOptions): void {
    if (this.#sessions.has(session)) throw new ShoalError('bad-request', `Session ${session} is open already.`);
    if (this.#sessions.size >= MAX_SESSIONS)
      throw new ShoalError('limit-exceeded', `${MAX_SESSIONS} sessions are open here, no more are allowed.`);
    if (!Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > this.#contextLength) {
      throw new ShoalError(
        'limit-exceeded',
        `A session of ${maxTokens} tokens; the model's context has 1 to ${this.#contextLength}.`,
      );
    }
    if (this.#pool.freeTokens === 0)
      throw new ShoalError('out-of-memory', 'The KV cache is full. Close a conversation, or choose another node.');
    this.#sessions.set(session, { layers, maxTokens, length: 0, pages: [] });
  }

  /** @throws ShoalError `unknown-session` */
  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new ShoalError('unknown-session', `Session ${id} is not open here. Open it and send its tokens again.`);
  }

  /** Forgets what comes after `position`. @throws ShoalError `unknown-session`, `bad-request` */
  truncate(id: string, position: number): void {
    const session = this.get(id);
    if (!Number.isInteger(position) || position < 0 || position > session.length) {
      throw new ShoalError('bad-request', `Session ${id} has ${session.length} tokens; it cannot go to ${position}.`);
    }
    session.length = position;
    this.#pool.give(session.pages.splice(pagesFor(position)));
  }

  close(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sessions.delete(id);
    this.#pool.give(session.pages);
  }

  /** Closes the sessions that run any of `layers`. */
  closeTouching(layers: LayerRange): void {
    for (const [id, session] of this.#sessions) {
      if (session.layers.start < layers.end && layers.start < session.layers.end) this.close(id);
    }
  }
}

/** @throws ShoalError `shard-not-loaded` unless every layer of the range satisfies `loaded` */
export function checkLayersLoaded(layers: LayerRange, loaded: (layer: number) => boolean): void {
  if (!(layers.start >= 0 && layers.start < layers.end))
    throw new ShoalError('bad-request', `[${layers.start}, ${layers.end}) is no layer range.`);
  for (let layer = layers.start; layer < layers.end; layer++) {
    if (!loaded(layer)) {
      throw new ShoalError(
        'shard-not-loaded',
        `Layers ${formatLayers(layers)} were asked for, layer ${layer} is not loaded here.`,
      );
    }
  }
}
