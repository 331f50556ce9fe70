import * as v from 'valibot';
import { type ErrorCode, ShoalError } from '../../core/errors.ts';
import { MAX_COMMAND_BYTES, MAX_NAME_CHARS, MAX_PEER_ID_BYTES } from '../../protocol/limits.ts';
import { plainName } from '../../protocol/member-name.ts';

/** One request and one answer between the tab whose conversation is open to all and one that looks in, as JSON. */
export const ROOM_PROTOCOL = '/shoal/room/1.0.0';

/** Characters of a question from another tab. */
export const MAX_QUESTION_CHARS = 8000;
/** Messages of a room that others see, the newest. */
const MAX_MESSAGES = 400;
const MAX_TEXT_CHARS = 100_000;
/** Of messages in one answer: the rest comes with the next. */
const MAX_STATE_BYTES = MAX_COMMAND_BYTES / 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(2 * MAX_NAME_CHARS), v.transform(plainName));
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
const roomId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const speaker = v.object({ peerId: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_PEER_ID_BYTES)), name });

const requestSchema = v.variant('kind', [
  /** What has changed since a version of the room; all of it for another room. */
  v.object({ kind: v.literal('read'), room: v.optional(roomId), since: count }),
  v.object({
    kind: v.literal('ask'),
    text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_QUESTION_CHARS)),
    name,
  }),
]);

const messageSchema = v.object({
  id: count,
  role: v.picklist(['user', 'assistant']),
  text,
  state: v.picklist(['streaming', 'done', 'stopped', 'error']),
  error: v.optional(text),
  note: v.optional(text),
  by: v.optional(speaker),
});

const stateSchema = v.object({
  room: roomId,
  version: count,
  title: v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS)),
  /** It answers. */
  busy: v.boolean(),
  /** Of all messages, in order. */
  ids: v.pipe(v.array(count), v.maxLength(MAX_MESSAGES)),
  /** Those that have changed. */
  changed: v.pipe(v.array(messageSchema), v.maxLength(MAX_MESSAGES)),
});

const responseSchema = v.union([
  v.object({ state: stateSchema }),
  v.object({ asked: v.literal(true) }),
  v.object({ closed: v.literal(true) }),
  v.object({ error: v.object({ code: v.string(), message: text }) }),
]);

export type RoomRequest = v.InferOutput<typeof requestSchema>;
export type RoomMessage = v.InferOutput<typeof messageSchema>;
export type RoomState = v.InferOutput<typeof stateSchema>;
export type RoomResponse = v.InferOutput<typeof responseSchema>;

export function encodeRoom(message: RoomRequest | RoomResponse): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws ShoalError `bad-request` */
export function parseRoomRequest(bytes: Uint8Array): RoomRequest {
  return parse(requestSchema, bytes);
}

/** @throws ShoalError as the other tab says, `bad-request` when it says nothing that can be read */
export function parseRoomResponse(bytes: Uint8Array): Exclude<RoomResponse, { error: unknown }> {
  const response = parse(responseSchema, bytes);
  if ('error' in response) throw new ShoalError(response.error.code as ErrorCode, response.error.message);
  return response;
}

/** As many of the newest messages as fit, those that were changed last among them. */
export function fitting(messages: readonly RoomMessage[]): readonly RoomMessage[] {
  let bytes = 0;
  const newest = messages.slice(-MAX_MESSAGES);
  const from = newest.findLastIndex((message) => {
    bytes += 4 * message.text.length + 512;
    return bytes > MAX_STATE_BYTES;
  });
  return newest.slice(from + 1);
}

function parse<Schema extends v.GenericSchema>(schema: Schema, bytes: Uint8Array): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new ShoalError('bad-request', 'What another tab says of a room cannot be read.', { cause });
  }
}
