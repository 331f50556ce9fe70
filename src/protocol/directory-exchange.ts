import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { isDirectoryKey, MAX_RECORD_BYTES, validateShardRecord } from './directory.ts';
import { MAX_PEER_ID_BYTES } from './limits.ts';

/** The libp2p protocol by which connected tabs keep the directory for each other: one JSON request, one response. */
export const DIRECTORY_PROTOCOL = '/shoal/directory/1.0.0';

/** Entries of one message: with a record of the largest size each they stay below `MAX_COMMAND_BYTES`. */
export const MAX_TOLD_ENTRIES = 256;
/** Holders that one answer names: more than anybody asks for a shard. */
export const MAX_NAMED_HOLDERS = 64;
/** Different records of one key that one answer repeats: all but one of them are false. */
export const MAX_NAMED_RECORDS = 4;

const key = v.pipe(v.string(), v.check(isDirectoryKey, 'Expected a key of the directory'));
const record = v.pipe(v.string(), v.maxLength(MAX_RECORD_BYTES));

const entrySchema = v.pipe(
  v.strictObject({
    key,
    /** The shard's record as JSON, if the sender has put one. */
    record: v.nullable(record),
    /** Whether the sender provides what the key names. */
    holds: v.boolean(),
  }),
  v.check((entry) => entry.record === null || isRecordOf(entry.key, entry.record), 'Expected the record of the key'),
);
/** What one tab says of one key. Who says it is known from the connection. */
export type DirectoryEntry = v.InferOutput<typeof entrySchema>;

const requestSchema = v.union([
  v.strictObject({ tell: v.pipe(v.array(entrySchema), v.maxLength(MAX_TOLD_ENTRIES)) }),
  v.strictObject({ find: key }),
]);
/** `tell` says what the sender has; `find` asks what the receiver has, and has been told by others. */
export type DirectoryRequest = v.InferOutput<typeof requestSchema>;

const answerSchema = v.strictObject({
  records: v.pipe(v.array(record), v.maxLength(MAX_NAMED_RECORDS)),
  holders: v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_PEER_ID_BYTES))),
    v.maxLength(MAX_NAMED_HOLDERS),
  ),
});
/** The answer to `find`; empty to `tell`. */
export type DirectoryAnswer = v.InferOutput<typeof answerSchema>;

export function encodeDirectoryMessage(message: DirectoryRequest | DirectoryAnswer): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws ShoalError `bad-request` */
export function parseDirectoryRequest(bytes: Uint8Array): DirectoryRequest {
  return parse(requestSchema, bytes);
}

/** @throws ShoalError `bad-request` */
export function parseDirectoryAnswer(bytes: Uint8Array): DirectoryAnswer {
  return parse(answerSchema, bytes);
}

/** Whether the text is a well-formed record of the shard that the key names. */
export function isRecordOf(key: string, text: string): boolean {
  try {
    validateShardRecord(new TextEncoder().encode(key), new TextEncoder().encode(text));
    return true;
  } catch {
    return false;
  }
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShoalError('bad-request', 'A message of the directory must be JSON.', { cause });
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  throw new ShoalError('bad-request', `A message of the directory is malformed: ${result.issues[0].message}`);
}
