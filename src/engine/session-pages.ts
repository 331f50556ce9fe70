import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { LayerRunner } from './layer-runner.ts';

/** Pages `[start, end)` of a session, in the order of its positions. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

/** A runner whose sessions' KV pages can be taken out and put back. Of models whose layers have no state. */
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
  /** The session goes on after `length` positions, which its pages hold. @throws ShoalError `unknown-session`, `bad-request` */
  resumeSession(session: string, length: number): Promise<void>;
}
