import { type ReadonlySignal, signal } from '@preact/signals';
import { log } from '../core/log.ts';
import type { LinkPath } from '../net/transport.ts';
import type { LapMean } from './app-model.ts';

/** A way changes seldom; to ask the browser costs it some work. */
const LOOK_MS = 5000;

/** The ways to the tabs that answers run through, by peer id. @param pathTo - of the transport */
export function watchPaths(
  lap: ReadonlySignal<LapMean | undefined>,
  pathTo: (peerId: string) => Promise<LinkPath | undefined>,
): ReadonlySignal<ReadonlyMap<string, LinkPath>> {
  const paths = signal<ReadonlyMap<string, LinkPath>>(new Map());
  let lookedAt: LapMean | undefined;
  setInterval(() => {
    const now = lap.value;
    if (!now || now === lookedAt) return;
    lookedAt = now;
    const peerIds = new Set(now.stages.map(({ peerId }) => peerId));
    Promise.all([...peerIds].map(async (peerId) => [peerId, await pathTo(peerId)] as const)).then(
      (found) => {
        paths.value = new Map(found.flatMap(([peerId, path]) => (path ? [[peerId, path]] : [])));
      },
      (error: unknown) => log.info('NET', `The ways to other tabs are not known: ${String(error)}`),
    );
  }, LOOK_MS);
  return paths;
}
