import type { LayerRange } from '../../core/ranges.ts';

/** Why an answer does not go on. */
export type Wait =
  | {
      /** Nobody serves these layers now. */
      readonly reason: 'shard';
      readonly layers: LayerRange;
      /** Who fetches or loads them; nobody yet when empty. */
      readonly peerIds: readonly string[];
      readonly waitedMs: number;
    }
  | {
      /** Every node with these layers is full. */
      readonly reason: 'queue';
      /** 1 for the one whose turn comes next. */
      readonly place: number;
      /** Until its turn, about. */
      readonly seconds: number;
    };
