import type { Rows } from './rows.ts';

/** Where consecutive rows of one session belong. */
export interface CachePlace {
  readonly tokens: number;
  /** Of the first row. */
  readonly position: number;
  /** Where the addresses of the session's pages of this layer lie, u32. */
  readonly pages: number;
}

/** Cosines and sines, `[T, D/2, 2]` of each rotation, D of the widest head. */
export interface Angles {
  /** Of the first token. */
  readonly address: number;
  /** Bytes from token to token. */
  readonly stride: number;
}

/** One session's rows in layers with a state, and where its states lie. */
export interface StatePlace {
  readonly tokens: number;
  /** The state before the rows; 0 for an empty one. */
  readonly from: number;
  /** The state after them. */
  readonly to: number;
}

/** Which experts rows have chosen: numbers, then weights. */
export interface Choice {
  /** To choose from. */
  readonly experts: number;
  /** Of a row. */
  readonly used: number;
  readonly rows: Rows;
}
