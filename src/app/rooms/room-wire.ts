import * as v from 'valibot';
import { type ErrorCode, ShoalError } from '../../core/errors.ts';
import { MAX_COMMAND_BYTES } from '../../protocol/limits.ts';
import { MAX_TITLE_CHARS } from '../chat/chat-record.ts';
import { speakerNameSchema, speakerSchema } from '../chat/speaker.ts';

/** One request and one answer between the tab whose conversation is open to all and one that looks in, as JSON. */
export const ROOM_PROTOCOL = '/shoal/room/1.0.0';

/** Characters of a question from another tab. */
export const MAX_QUESTION_CHARS = 8000;
/** Messages of a room that others see, the newest. */
export const MAX_MESSAGES = 400;
/** Of a message; others see the beginning of a longer one. One alone fits `MAX_STATE_BYTES`. */
const MAX_TEXT_CHARS = 30_000;
/** Of what stands beside a message. */
const MAX_NOTE_CHARS = 1000;
/** Of all messages together, at four bytes a character: what JSON escapes has six. */
const MAX_STATE_BYTES = MAX_COMMAND_BYTES / 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS));
const note = v.pipe(v.string(), v.maxLength(MAX_NOTE_CHARS));
const roomId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));

const requestSchema = v.variant('kind', [
  /** What has changed since a version of the room; all of it for another room. */
  v.object({ kind: v.literal('read'), room: v.optional(roomId), since: count }),
  v.object({
    kind: v.literal('ask'),
    text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_QUESTION_CHARS)),
    name: speakerNameSchema,
  }),
]);

const messageSchema = v.object({
  id: count,
  role: v.picklist(['user', 'assistant']),
  text,
  state: v.picklist(['streaming', 'done', 'stopped', 'error']),
  error: v.optional(note),
  note: v.optional(note),
  by: v.optional(speakerSchema),
});

const stateSchema = v.object({
  room: roomId,
  version: count,
  title: v.pipe(v.string(), v.maxLength(MAX_TITLE_CHARS)),
  /** It answers. */
  busy: v.boolean(),
  /** Of all messages, in order. */
  ids: v.pipe(
    v.array(count),
    v.maxLength(MAX_MESSAGES),
    v.check((ids) => new Set(ids).size === ids.length, 'Expected each message once'),
  ),
  /** Those that have changed. */
  changed: v.pipe(v.array(messageSchema), v.maxLength(MAX_MESSAGES)),
});

const responseSchema = v.union([
  v.object({ state: stateSchema }),
  v.object({ asked: v.literal(true) }),
  v.object({ closed: v.literal(true) }),
  v.object({ error: v.object({ code: v.pipe(v.string(), v.maxLength(64)), message: note }) }),
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

/** A message as it fits. */
export function clipped(message: RoomMessage): RoomMessage {
  const { text: whole, error, note: beside } = message;
  return {
    ...{ ...message, text: cut(whole, MAX_TEXT_CHARS) },
    ...(error === undefined ? {} : { error: cut(error, MAX_NOTE_CHARS) }),
    ...(beside === undefined ? {} : { note: cut(beside, MAX_NOTE_CHARS) }),
  };
}

/** What keeps a room from answering, as others may read it. */
export function refusal({ code, message }: ShoalError): RoomResponse {
  return { error: { code, message: cut(message, MAX_NOTE_CHARS) } };
}

/** As many of the newest messages as fit. */
export function fitting(messages: readonly RoomMessage[]): readonly RoomMessage[] {
  let bytes = 0;
  const newest = messages.slice(-MAX_MESSAGES);
  const from = newest.findLastIndex((message) => {
    const { text: whole, error = '', note: beside = '' } = message;
    bytes += 4 * (whole.length + error.length + beside.length) + 512;
    return bytes > MAX_STATE_BYTES;
  });
  return newest.slice(from + 1);
}

function cut(whole: string, maxChars: number): string {
  return whole.length > maxChars ? `${whole.slice(0, maxChars - 1)}…` : whole;
}

function parse<Schema extends v.GenericSchema>(schema: Schema, bytes: Uint8Array): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new ShoalError('bad-request', 'What another tab says of a room cannot be read.', { cause });
  }
}
