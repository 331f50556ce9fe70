/** One session's rows and states. */
export interface SessionState {
  readonly tokens: number;
  /** Page of the state before its rows; undefined for an empty one. */
  readonly from: number | undefined;
  /** Page of the state after them. */
  readonly to: number;
}

/** Instead of the page of an empty state. */
const NO_STATE = 0xffffffff;
const SESSION_WORDS = 4;

/** What kernels/blocks/states.wgsl reads as `sessions`. */
export function stateTable(sessions: readonly SessionState[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(sessions.length * SESSION_WORDS);
  let row = 0;
  for (const [index, { tokens, from = NO_STATE, to }] of sessions.entries()) {
    words.set([row, tokens, from, to], index * SESSION_WORDS);
    row += tokens;
  }
  return words;
}

export function stateTableBytes(sessions: number): number {
  return sessions * SESSION_WORDS * 4;
}
