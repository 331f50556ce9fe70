import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { manifestIdSchema } from './manifest.ts';

/** The libp2p protocol by which tabs give each other the manifest, in parts: one JSON request, one binary part. */
export const MANIFEST_PROTOCOL = '/shoal/manifest/1.0.0';

/** One part's bytes: below `MAX_COMMAND_BYTES`, which bounds every answer. */
export const MANIFEST_PART_BYTES = 192 * 1024;
/** A manifest of 1024 shards has about 450 KB. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

const requestSchema = v.strictObject({
  manifest: manifestIdSchema,
  offset: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_MANIFEST_BYTES)),
});
export type ManifestRequest = v.InferOutput<typeof requestSchema>;

/** A part of a manifest, and how long the whole is. */
export interface ManifestPart {
  readonly totalBytes: number;
  readonly bytes: Uint8Array;
}

export function encodeManifestRequest(request: ManifestRequest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(request));
}

/** @throws ShoalError `bad-request` */
export function parseManifestRequest(bytes: Uint8Array): ManifestRequest {
  try {
    return v.parse(requestSchema, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new ShoalError('bad-request', 'A request for a manifest is malformed.', { cause });
  }
}

/**
 * | offset | size | type | meaning |
 * |---|---|---|---|
 * | 0 | 4 | u32, little-endian | bytes of the whole manifest |
 * | 4 | rest | bytes | the part that was asked for |
 */
export function encodeManifestPart({ totalBytes, bytes }: ManifestPart): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(4 + bytes.byteLength);
  new DataView(message.buffer).setUint32(0, totalBytes, true);
  message.set(bytes, 4);
  return message;
}

/** @throws ShoalError `bad-request` */
export function parseManifestPart(message: Uint8Array): ManifestPart {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const totalBytes = message.byteLength > 4 ? view.getUint32(0, true) : 0;
  if (totalBytes === 0 || totalBytes > MAX_MANIFEST_BYTES) {
    throw new ShoalError('bad-request', `A part of a manifest says that the whole has ${totalBytes} bytes.`);
  }
  return { totalBytes, bytes: message.subarray(4) };
}
