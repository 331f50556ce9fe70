import type { ErrorCode } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { formatLayers, type LayerRange } from '../../core/ranges.ts';
import { shortId } from '../../core/short-id.ts';
import type { Lie } from './lie.ts';

/** What happened to the route of a conversation, for people: who left, which layers, who took over, how long it took. */
export type RouteEvent =
  | {
      readonly kind: 'replaced';
      /** `lost` left without a word, or lost what it held; `leaving` handed over before it goes. */
      readonly reason: 'lost' | 'leaving';
      readonly layers: LayerRange;
      readonly from: readonly string[];
      readonly to: readonly string[];
      /**
       * Time until the answer went on, ms, attempts that failed among it: of a hand-over, what the answer stood still.
       */
      readonly pauseMs: number;
      /** Positions whose caches were built again at `to`. */
      readonly positions: number;
    }
  | {
      /** A check has shown that a stage does not compute, send or show what it should. */
      readonly kind: 'expelled';
      readonly peerId: string;
      readonly lie: Lie;
      /** The same in the log's words. */
      readonly why: string;
    }
  | {
      /** No part of the old route was of use: the whole conversation was sent again. */
      readonly kind: 'resent';
      readonly code: ErrorCode;
      /** In the log's words. */
      readonly why: string;
    };

/** The line of the log that says the same. */
export function logRouteEvent(event: RouteEvent): void {
  if (event.kind === 'expelled') {
    log.warn('ROUTE', `${shortId(event.peerId)} is left out from now on: ${event.why}`);
    return;
  }
  if (event.kind === 'resent') {
    log.info('ROUTE', `The whole conversation is sent again: ${event.why}`);
    return;
  }
  const { layers, from, to, pauseMs, positions, reason } = event;
  const verb = reason === 'lost' ? 'left' : 'is leaving';
  log.info(
    'ROUTE',
    `Layers ${formatLayers(layers)}: ${names(from)} ${verb}, ${names(to)} took over after ${pauseMs.toFixed(0)} ms, ${positions} positions replayed`,
  );
}

function names(peerIds: readonly string[]): string {
  return peerIds.map(shortId).join(', ');
}
