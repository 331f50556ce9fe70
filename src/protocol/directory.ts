import { CID } from 'multiformats/cid';
import { code as RAW } from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { shardSchema } from './manifest.ts';

/** Protocol prefix of the swarm's own DHT: it never mixes with a public one. */
export const DHT_PROTOCOL = '/shoal/kad/1.0.0';

/** First part of every key in the DHT; validators and selectors are chosen by it. */
export const DHT_NAMESPACE = 'shoal';

/** One shard's record as JSON: a 40-digit info hash, a file name and a size take about 110 bytes. */
export const MAX_RECORD_BYTES = 512;

const KEY_PATTERN = /^\/shoal\/([0-9a-f]{64})\/(0|[1-9]\d{0,3})$/;
const MANIFEST_KEY_PATTERN = /^\/shoal\/[0-9a-f]{64}\/manifest$/;

/** What the DHT holds under a shard's key, as JSON. */
export const shardRecordSchema = v.strictObject({
  infoHash: shardSchema.entries.infoHash,
  fileName: shardSchema.entries.fileName,
  sizeBytes: shardSchema.entries.sizeBytes,
});
export type ShardRecord = v.InferOutput<typeof shardRecordSchema>;

/** A shard's record with the place that its key names. */
export interface PlacedShardRecord extends ShardRecord {
  readonly manifestId: string;
  readonly index: number;
}

/** The gossip topic of a swarm's presence messages. */
export function presenceTopic(manifestId: string): string {
  return `shoal/${manifestId}/presence`;
}

/** Where the DHT keeps a shard's record, and what its holders provide. The DHT's key is this text in UTF-8. */
export function shardRecordKey(manifestId: string, index: number): string {
  return `/${DHT_NAMESPACE}/${manifestId}/${index}`;
}

/**
 * What the holders of a swarm's manifest provide. There is no record under it: a manifest is too long for one, and its
 * name is its hash.
 */
export function manifestKey(manifestId: string): string {
  return `/${DHT_NAMESPACE}/${manifestId}/manifest`;
}

export function isDirectoryKey(key: string): boolean {
  return KEY_PATTERN.test(key) || MANIFEST_KEY_PATTERN.test(key);
}

/** What the holders of a key are registered under: the DHT keeps providers of content identifiers, not of keys. */
export async function providerCid(key: string): Promise<CID> {
  return CID.createV1(RAW, await sha256.digest(new TextEncoder().encode(key)));
}

/**
 * Reads a record that somebody put into the DHT.
 * @throws ShoalError `bad-request` when the key is no shard's, or the value no record of the shard that the key names
 */
export function validateShardRecord(key: Uint8Array, value: Uint8Array): PlacedShardRecord {
  const place = KEY_PATTERN.exec(new TextDecoder().decode(key));
  if (!place) throw new ShoalError('bad-request', `A DHT key must match ${KEY_PATTERN.source}.`);
  const manifestId = place[1]!;
  const index = Number(place[2]);
  if (value.length > MAX_RECORD_BYTES) {
    throw new ShoalError('bad-request', `A shard's record has ${value.length} bytes, at most ${MAX_RECORD_BYTES}.`);
  }
  const record = v.safeParse(shardRecordSchema, parseJson(value));
  if (!record.success)
    throw new ShoalError('bad-request', `A shard's record is malformed: ${record.issues[0].message}`);
  if (record.output.fileName !== `shard-${index}.gguf`) {
    throw new ShoalError('bad-request', `The record of shard ${index} names ${record.output.fileName}.`);
  }
  return { ...record.output, manifestId, index };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
