import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { LayerRunner } from './layer-runner.ts';
import type { StateMoment } from './session-states.ts';

/** Pages `[start, end)` of a session, in the order of its positions. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

/** A state of all the session's layers. */
export interface StateBytes extends StateMoment {
  /** The layers in order, as this kind of runner has them; none of a layer without a state. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A runner whose sessions' KV pages, and states, can be taken out and put back. */
export interface SessionPages extends Pick<LayerRunner, 'info' | 'truncateSession'> {
  readonly hyperparameters: Hyperparameters;
  /**
   * @returns the pages' bytes of all the session's layers, page by page, in the order of this kind of runner
   * @throws ShoalError `unknown-session`, `bad-request` beyond the session's end
   */
  readPages(session: string, pages: PageRange): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Puts pages into an empty session, from page `start` on, those before being there.
   * @throws ShoalError `unknown-session`, `bad-request`, `out-of-memory`
   */
  writePages(session: string, start: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * @param length - positions from the first; later states are left
   * @returns the states that the session can go on from or back to, the newest last; undefined where layers have none
   * @throws ShoalError `unknown-session`
   */
  readStates(session: string, length: number): Promise<readonly StateBytes[] | undefined>;
  /** Puts states into an empty session, in order. @throws ShoalError `unknown-session`, `bad-request`, `out-of-memory` */
  writeStates(session: string, states: readonly StateBytes[]): Promise<void>;
  /** The session goes on after `length` positions, which its pages hold and its newest state has seen. @throws ShoalError `unknown-session`, `bad-request` */
  resumeSession(session: string, length: number): Promise<void>;
}
