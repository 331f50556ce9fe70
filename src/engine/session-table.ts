import { PAGE_TOKENS } from '../blocks/kv-layout.ts';
import { ShoalError } from '../core/errors.ts';
import { formatLayers, type LayerRange } from '../core/ranges.ts';
import { MAX_SESSIONS } from '../protocol/limits.ts';
import type { SessionOptions } from './layer-runner.ts';
import { pagesFor, type Session } from './session.ts';
import { MAX_STATES, SessionStates } from './session-states.ts';

/** Where pages go back to. */
export interface PageStock {
  /** Pages that could still be taken. */
  readonly freePages: number;
  give(pages: readonly number[]): void;
}

/** Pages whose contents can be taken out and put back; the bytes mean something to a runner of the same kind only. */
export interface PageMemory extends PageStock {
  /** @returns the pages' bytes, page by page, of each the layers in order */
  read(layers: readonly number[], pages: readonly number[]): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /** @param bytes - as `read` gives them */
  write(layers: readonly number[], pages: readonly number[], bytes: Uint8Array<ArrayBuffer>): void;
}

/** The sessions of one runner, and who holds which KV pages. */
export class SessionTable {
  readonly #cache: PageStock;
  readonly #states: PageStock | undefined;
  readonly #contextLength: number;
  readonly #sessions = new Map<string, Session>();

  /**
   * @param cache - KV pages
   * @param states - states of layers that have one, a page each
   */
  constructor(cache: PageStock, states: PageStock | undefined, contextLength: number) {
    this.#cache = cache;
    this.#states = states;
    this.#contextLength = contextLength;
  }

  /** Positions that new sessions could still hold. */
  get freeTokens(): number {
    return this.#states && this.#states.freePages < MAX_STATES ? 0 : this.#cache.freePages * PAGE_TOKENS;
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
    if (this.freeTokens === 0)
      throw new ShoalError('out-of-memory', 'The KV cache is full. Close a conversation, or choose another node.');
    const states = this.#states ? { states: new SessionStates() } : {};
    this.#sessions.set(session, { layers, maxTokens, length: 0, pages: [], ...states });
  }

  /** @throws ShoalError `unknown-session` */
  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new ShoalError('unknown-session', `Session ${id} is not open here. Open it and send its tokens again.`);
  }

  /** A task of so many tokens is done. */
  advance(session: Session, tokens: number): void {
    session.length += tokens;
    if (session.states) this.#states?.give(session.states.advance(session.length, tokens));
  }

  /**
   * Forgets what comes after `position`, or more, back to the last state that was kept.
   * @returns the tokens that are left
   * @throws ShoalError `unknown-session`, `bad-request`
   */
  truncate(id: string, position: number): number {
    const session = this.get(id);
    if (!Number.isInteger(position) || position < 0 || position > session.length) {
      throw new ShoalError('bad-request', `Session ${id} has ${session.length} tokens; it cannot go to ${position}.`);
    }
    session.length = this.#goBack(session, position);
    this.#cache.give(session.pages.splice(pagesFor(session.length)));
    return session.length;
  }

  /**
   * An empty session goes on from caches that were put into its pages, and from the newest state that was put into it.
   * @throws ShoalError `unknown-session`, `bad-request` where it is not empty, or they do not hold so much
   */
  resume(id: string, length: number): void {
    const session = this.get(id);
    const held = Math.min(session.maxTokens, session.pages.length * PAGE_TOKENS);
    const stateless = session.states && session.states.position !== length;
    if (session.length > 0 || !Number.isInteger(length) || length < 0 || length > held || stateless)
      throw new ShoalError('bad-request', `Session ${id} of ${session.length} tokens cannot go on from ${length}.`);
    session.length = length;
  }

  close(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sessions.delete(id);
    this.#cache.give(session.pages);
    this.#states?.give(session.states?.slots ?? []);
  }

  /** Closes the sessions that run any of `layers`. */
  closeTouching(layers: LayerRange): void {
    for (const [id, session] of this.#sessions) {
      if (session.layers.start < layers.end && layers.start < session.layers.end) this.close(id);
    }
  }

  #goBack({ states }: Session, wanted: number): number {
    if (!states) return wanted;
    const { position, freed } = states.goBack(wanted);
    this.#states?.give(freed);
    return position;
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
