import { effect } from '@preact/signals';
import { mergeRanges } from '../core/ranges.ts';
import type { Wait } from '../swarm/route/wait.ts';
import type { AppModel } from './app-model.ts';

/** The members of a swarm are all heard of after so long: what lacks then is missing. */
const HEARD_ALL_MS = 3000;
const TELL_EVERY_MS = 1000;

type Coverage = Pick<AppModel, 'swarm' | 'shards' | 'members'>;

/**
 * Waits until every layer is covered, and tells about once a second what is missing.
 * @throws the signal's reason
 */
export async function untilCovered(app: Coverage, onWait: (wait: Wait) => void, signal: AbortSignal): Promise<void> {
  const { promise: covered, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp);
  let heardSinceMs: number | undefined;
  const stopWatching = effect(() => {
    const { state } = app.swarm.value;
    if (state === 'ready') resolve();
    if (state === 'waiting') heardSinceMs ??= performance.now();
  });
  const timer = setInterval(() => {
    const waitedMs = performance.now() - (heardSinceMs ?? Number.POSITIVE_INFINITY);
    const wait = waitedMs > HEARD_ALL_MS ? gapWait(app, waitedMs) : undefined;
    if (wait) onWait(wait);
  }, TELL_EVERY_MS);
  try {
    await covered;
  } finally {
    stopWatching();
    clearInterval(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** What the first gap in the layers makes an answer wait for. */
function gapWait({ swarm, shards, members }: Coverage, waitedMs: number): Wait | undefined {
  const missing = shards.value.filter(({ index }) => swarm.value.missing.includes(index));
  const [layers] = mergeRanges(missing.map((row) => row.layers));
  if (!layers) return undefined;
  const wanted = missing.filter((row) => row.layers.start < layers.end && layers.start < row.layers.end);
  const peerIds = members.value
    .filter(({ pending }) => wanted.some(({ index }) => pending.includes(index)))
    .map(({ peerId }) => peerId);
  return { reason: 'shard', layers, peerIds, waitedMs };
}
