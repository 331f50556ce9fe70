import { PAGE_TOKENS } from '../blocks/kv-layout.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { SessionStates } from './session-states.ts';

/** One session's place in the KV cache. */
export interface Session {
  readonly layers: LayerRange;
  readonly maxTokens: number;
  /** Positions cached. */
  length: number;
  /** Pages in the order of positions; they hold at least `length`. */
  readonly pages: number[];
  /** Absent where no layer of the model has a state. */
  readonly states?: SessionStates;
}

/** Pages that `tokens` positions take. */
export function pagesFor(tokens: number): number {
  return Math.ceil(tokens / PAGE_TOKENS);
}
