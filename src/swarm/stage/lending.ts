import { ShoalError } from '../../core/errors.ts';

/** What a node's owner lends to others. */
export interface Lending {
  /** Nothing for now: what runs moves elsewhere, and no new session comes in. */
  readonly paused: boolean;
  /** Part of the time that the device may compute for others, above 0 and at most 1. */
  readonly share: number;
  /** Peers that may open sessions; everybody when absent. */
  readonly onlyFor?: readonly string[] | undefined;
  /** Sessions of others at once. */
  readonly sessions: number;
}

export const LENDS_ALL: Lending = { paused: false, share: 1, sessions: Number.POSITIVE_INFINITY };

/** Asked again by who waits, every two seconds at most. */
const RETRY_SECONDS = 10;

/**
 * Whether a coordinator may open another session here.
 * @param others - sessions of all coordinators but this tab
 * @throws ShoalError `consent-required` when its owner does not want it, `busy` when there are enough
 */
export function checkLending({ paused, onlyFor, sessions }: Lending, coordinator: string, others: number): void {
  if (paused) throw new ShoalError('consent-required', 'The owner of this node lends nothing at the moment.');
  if (onlyFor && !onlyFor.includes(coordinator)) {
    throw new ShoalError('consent-required', 'The owner of this node lends it to chosen tabs only.');
  }
  if (others < sessions) return;
  const queue = { place: 1, seconds: RETRY_SECONDS };
  throw new ShoalError('busy', `${others} sessions of others are at this node, as many as its owner lends it to.`, {
    queue,
  });
}

/** How long a device rests after it has computed for others, so that they have their share of its time, ms. */
export function restMs(computeMs: number, { share }: Lending): number {
  return computeMs * (1 / share - 1);
}
