import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { Transport } from '../../net/transport.ts';
import { manifestKey, presenceTopic } from '../../protocol/directory.ts';
import { manifestIdOf } from '../../protocol/manifest.ts';
import {
  encodeManifestPart,
  encodeManifestRequest,
  MANIFEST_PART_BYTES,
  MANIFEST_PROTOCOL,
  parseManifestPart,
  parseManifestRequest,
} from '../../protocol/manifest-exchange.ts';

/** For one holder: meeting it may take several attempts, each part is a round trip. */
const HOLDER_TIMEOUT_MS = 20_000;
/** Holders that may have left are passed over, and the directory is asked again after this pause. */
const PAUSE_MS = 2000;
const ROUNDS = 5;
/** Holders tried in a round. */
const MAX_TRIED = 8;
/** Tabs remembered as holders because they speak. */
const MAX_SPEAKERS = 64;
/** Longer than a newcomer takes from the manifest to its own place in the swarm. */
const LISTEN_MS = 60_000;

/** Gives the manifest to whoever asks for it by its name. */
export function serveManifest(transport: Transport, manifestId: string, bytes: Uint8Array): Unsubscribe {
  return transport.handleRequests(MANIFEST_PROTOCOL, async (_from, request) => {
    const { manifest, offset } = parseManifestRequest(request);
    if (manifest !== manifestId || offset >= bytes.byteLength) {
      throw new ShoalError('bad-request', `This tab has no byte ${offset} of the manifest ${manifest}.`);
    }
    const part = bytes.subarray(offset, offset + MANIFEST_PART_BYTES);
    return encodeManifestPart({ totalBytes: bytes.byteLength, bytes: part });
  });
}

/**
 * Fetches a manifest from tabs that the directory names, or that speak in the swarm, and checks that it is the one.
 * @throws ShoalError `model-unavailable` when none of them gives it, `aborted`
 */
export async function fetchManifest(
  transport: Transport,
  manifestId: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const speakers = listenForSpeakers(transport, manifestId);
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const found = await transport.directory.findProviders(manifestKey(manifestId), signal ? { signal } : {});
    const holders = [...new Set([...found, ...speakers])].filter((holder) => holder !== transport.peerId);
    // Not everybody asks the same one.
    const first = Math.floor(Math.random() * holders.length);
    for (const holder of [...holders.slice(first), ...holders.slice(0, first)].slice(0, MAX_TRIED)) {
      try {
        const bytes = await fetchFrom(transport, holder, manifestId, signal);
        log.info('SWARM', `The manifest came from ${holder}.`);
        return bytes;
      } catch (error) {
        if (signal?.aborted) throw abortError(signal);
        log.warn('SWARM', `No manifest from ${holder}: ${ShoalError.from(error).message}`);
      }
    }
  }
  throw new ShoalError(
    'model-unavailable',
    'No tab of the swarm gives the manifest. Open a tab that is in the swarm, then reload the page.',
  );
}

/** Whoever speaks in a swarm has its manifest; in a private one no table names holders. @returns grows as they speak */
function listenForSpeakers(transport: Transport, manifestId: string): ReadonlySet<string> {
  const speakers = new Set<string>();
  const stop = transport.subscribe(presenceTopic(manifestId), (from) => {
    if (speakers.size < MAX_SPEAKERS) speakers.add(from);
    return false;
  });
  // Not at once: gossip takes nobody in again who has just left a topic, and this tab is about to listen for good.
  setTimeout(stop, LISTEN_MS);
  return speakers;
}

async function fetchFrom(
  transport: Transport,
  holder: string,
  manifestId: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const timeout = AbortSignal.timeout(HOLDER_TIMEOUT_MS);
  const options = { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
  let whole: Uint8Array<ArrayBuffer> | undefined;
  for (let offset = 0; offset < (whole?.byteLength ?? 1); ) {
    const request = encodeManifestRequest({ manifest: manifestId, offset });
    const { totalBytes, bytes } = parseManifestPart(
      await transport.request(holder, MANIFEST_PROTOCOL, request, options),
    );
    whole ??= new Uint8Array(totalBytes);
    if (offset + bytes.byteLength > whole.byteLength) {
      throw new ShoalError('bad-manifest', `${holder} sent more than it said.`);
    }
    whole.set(bytes, offset);
    offset += bytes.byteLength;
  }
  const actual = await manifestIdOf(whole!);
  if (actual !== manifestId) {
    throw new ShoalError('hash-mismatch', `Its manifest has the hash ${actual}, expected ${manifestId}.`);
  }
  return whole!;
}
