import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { log } from '../core/log.ts';
import type { LinkPath } from '../net/transport.ts';
import type { LapMean } from './app-model.ts';

/** A way changes seldom; to ask the browser costs it some work. */
const LOOK_MS = 5000;

/** The ways to the tabs that answers run through. */
export class LinkPaths {
  readonly paths: Signal<ReadonlyMap<string, LinkPath>> = signal(new Map());

  /** @param pathTo - of the transport */
  constructor(lap: ReadonlySignal<LapMean | undefined>, pathTo: (peerId: string) => Promise<LinkPath | undefined>) {
    let lookedAt: LapMean | undefined;
    setInterval(() => {
      const now = lap.value;
      if (!now || now === lookedAt) return;
      lookedAt = now;
      const peerIds = new Set(now.stages.map(({ peerId }) => peerId));
      Promise.all([...peerIds].map(async (peerId) => [peerId, await pathTo(peerId)] as const)).then(
        (found) => {
          this.paths.value = new Map(found.flatMap(([peerId, path]) => (path ? [[peerId, path]] : [])));
        },
        (error: unknown) => log.info('NET', `The ways to other tabs are not known: ${String(error)}`),
      );
    }, LOOK_MS);
  }
}
