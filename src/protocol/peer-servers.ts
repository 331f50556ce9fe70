import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { MAX_MODELS, manifestIdSchema } from './server-config.ts';

/**
 * The libp2p protocol by which servers that name each other tell what they serve: one JSON request, one response. A
 * server answers those alone that its operator has named.
 */
export const PEER_SERVER_PROTOCOL = '/shoal/peer-server/1.0.0';

const helloSchema = v.object({
  /** The open swarms that the speaker serves. */
  manifests: v.pipe(v.array(manifestIdSchema), v.maxLength(MAX_MODELS)),
});
/** What each of the two says. */
export type PeerServerHello = v.InferOutput<typeof helloSchema>;

export function encodeHello(hello: PeerServerHello): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(hello));
}

/** @throws ShoalError `bad-request` */
export function parseHello(bytes: Uint8Array): PeerServerHello {
  try {
    return v.parse(helloSchema, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new ShoalError('bad-request', 'A server says something else than which models it serves.', { cause });
  }
}
