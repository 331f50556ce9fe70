import { ShoalError } from '../../src/core/errors.ts';
import { parseServerConfig, type ServerConfig } from '../../src/protocol/server-config.ts';
import { MAX_PEER_CONFIG_BYTES, PEER_SERVER_TIMEOUT_MS } from '../limits.ts';

/**
 * What another server says of itself.
 * @param url - of its page, with a slash at the end
 * @throws ShoalError `peer-unreachable`, `limit-exceeded`, `bad-request` when it is no server of ours, `aborted`
 */
export async function fetchPeerConfig(url: URL, signal: AbortSignal): Promise<ServerConfig> {
  const bytes = await fetchBounded(new URL('config.json', url), signal);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShoalError('bad-request', `${url} is no server of Shoal: its config.json is no JSON.`, { cause });
  }
  return parseServerConfig(json);
}

async function fetchBounded(url: URL, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(PEER_SERVER_TIMEOUT_MS)]);
    // Its operator's name leads to it, and to nobody else.
    const response = await fetch(url, { signal: timeout, redirect: 'error' });
    if (!response.ok || !response.body) throw new ShoalError('peer-unreachable', `${url} answered ${response.status}.`);
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of response.body) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_PEER_CONFIG_BYTES) {
        throw new ShoalError('limit-exceeded', `${url} has more than ${MAX_PEER_CONFIG_BYTES} bytes.`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    const { message, cause: reason } = cause as Error;
    const why = reason instanceof Error ? reason.message : message;
    throw new ShoalError('peer-unreachable', `${url} does not answer: ${why}.`, { cause });
  }
}
