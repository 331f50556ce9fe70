import { ByteReader, ByteWriter, fromHex, toHex } from '../core/bytes.ts';
import { type ErrorCode, ShoalError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import type {
  CandidateRequest,
  Candidates,
  ErrorFrame,
  Frame,
  ResultFrame,
  RouteStage,
  StageTiming,
  TaskFrame,
} from './frames.ts';
import { WIRE_VERSION } from './frames.ts';
import {
  HIDDEN_FORMATS,
  type HiddenFormat,
  hiddenBytes,
  holdingFormat,
  packHidden,
  unpackHidden,
} from './hidden-formats.ts';
import {
  MAX_CANDIDATES,
  MAX_FRAME_BYTES,
  MAX_PEER_ID_BYTES,
  MAX_ROUTE_STAGES,
  MAX_TASK_TOKENS,
  MAX_VOCABULARY,
  MAX_WANTED_IDS,
  MAX_WIDTH,
} from './limits.ts';

/*
 * A frame, little-endian. `str` is a u16 byte count and UTF-8; `list` is a u16 count and that many items; `words` is a
 * u32 count, zeros up to a multiple of 4, and that many 32-bit words, so that arrays are read where they lie.
 *
 * offset  type     meaning
 * 0       u8       version, `WIRE_VERSION`
 * 1       u8       kind: 0 task, 1 result, 2 error
 * 2       u8[16]   session
 * 18      u32      task
 * 22      …        by kind:
 *   task    str coordinator · list<str, u16 start, u16 end> route · u32 position ·
 *           u8 rows (0 none, 1 last, 2 all) · u16 count · words wantedIds · u8 has mask · [words mask] ·
 *           list<timing> · u8 wire (coarsest format permitted: 0 f32, 1 f16, 2 q8) ·
 *           u8 dtype (0 u32 ids; hidden: 1 f32, 2 f16, 3 q8) · input: words ids, or hidden
 *   hidden  u32 count of values · zeros up to a multiple of 4 · the values, as `hidden-formats.ts` lays them out
 *   result  list<timing> · words hidden (f32; none as a rule) · list<words ids, words logits, f32 logSumExp, words wantedLogits> rows
 *   error   str peerId · str code · str message
 *   timing  str peerId · u16 start · u16 end · f32 waitMs · f32 computeMs · f32 roundTripMs
 */

const SESSION_BYTES = 16;
const MAX_MESSAGE_BYTES = 4096;
const MAX_CODE_BYTES = 64;
const ROWS = ['none', 'last', 'all'] as const;
const KINDS = ['task', 'result', 'error'] as const;

/** A frame as it travels. @param format - of hidden states; f32 takes its place where it cannot hold them */
export function encodeFrame(frame: Frame, format: HiddenFormat = 'f32'): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(payloadBytes(frame, format) + 1024);
  writer.u8(WIRE_VERSION).u8(KINDS.indexOf(frame.kind)).bytes(fromHex(frame.session)).u32(frame.task);
  if (frame.kind === 'task') writeTask(writer, frame, format);
  else if (frame.kind === 'result') writeResult(writer, frame);
  else writeError(writer, frame);
  return writer.finish();
}

/**
 * Reads what a peer sent. Hidden values are f32 in memory, whatever they were on the wire. They and logits may be views
 * of `bytes`: nobody else may use its buffer.
 * @throws ShoalError `bad-frame` that says what was expected and found
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength > MAX_FRAME_BYTES)
    throw bad(`${bytes.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed`);
  const reader = new ByteReader(aligned(bytes), (offset, needed, available) =>
    bad(`${needed} bytes expected at offset ${offset}, ${available} found`),
  );
  const version = reader.u8();
  if (version !== WIRE_VERSION)
    throw bad(`version ${version}, expected ${WIRE_VERSION}. Reload the page to get the current one`);
  const kind = KINDS[reader.u8()];
  const session = toHex(reader.bytes(SESSION_BYTES));
  const head = { session, task: reader.u32() };
  let frame: Frame;
  if (kind === 'task') frame = readTask(reader, head);
  else if (kind === 'result') frame = { kind, ...head, ...readResult(reader) };
  else if (kind === 'error') frame = { kind, ...head, ...readError(reader) };
  else throw bad('an unknown kind');
  if (reader.remaining > 0) throw bad(`${reader.remaining} bytes after its end`);
  return frame;
}

function writeTask(writer: ByteWriter, frame: TaskFrame, format: HiddenFormat): void {
  const { coordinator, route, position, candidates, timings, input, wire = 'f32' } = frame;
  writeString(writer, coordinator);
  writer.u16(route.length);
  for (const { peerId, layers } of route) writeStage(writer, peerId, layers);
  writer.u32(position).u8(ROWS.indexOf(candidates.rows)).u16(candidates.count);
  writeWords(writer, candidates.wantedIds);
  writer.u8(candidates.mask ? 1 : 0);
  if (candidates.mask) writeWords(writer, candidates.mask);
  writeTimings(writer, timings);
  writer.u8(HIDDEN_FORMATS.indexOf(wire));
  if (input.dtype === 'u32') writeWords(writer.u8(0), input.ids);
  else writeHidden(writer, input.hidden, holdingFormat(format, input.hidden));
}

function readTask(reader: ByteReader, head: Pick<TaskFrame, 'session' | 'task'>): TaskFrame {
  const coordinator = readString(reader, MAX_PEER_ID_BYTES);
  const route = readList(reader, 'stages', MAX_ROUTE_STAGES, () => readStage(reader));
  if (route.length === 0) throw bad('a task without a route');
  const position = reader.u32();
  const candidates = readCandidateRequest(reader);
  const timings = readTimings(reader);
  const wire = readFormat(reader.u8(), 'the wire');
  const dtype = reader.u8();
  const common = { kind: 'task' as const, ...head, coordinator, route, position, candidates, timings, wire };
  if (dtype === 0) return { ...common, input: { dtype: 'u32', ids: readIds(reader, 'token ids', MAX_TASK_TOKENS) } };
  return { ...common, input: { dtype: 'f32', hidden: readHidden(reader, readFormat(dtype - 1, 'hidden states')) } };
}

function writeHidden(writer: ByteWriter, hidden: Float32Array, format: HiddenFormat): void {
  writer
    .u8(1 + HIDDEN_FORMATS.indexOf(format))
    .u32(hidden.length)
    .pad(4)
    .bytes(packHidden(format, hidden));
}

function readHidden(reader: ByteReader, format: HiddenFormat): Float32Array {
  const count = readCount(reader, 'hidden values', MAX_TASK_TOKENS * MAX_WIDTH);
  return unpackHidden(format, reader.bytes(hiddenBytes(format, count)), count);
}

function readFormat(index: number, what: string): HiddenFormat {
  const format = HIDDEN_FORMATS[index];
  if (!format) throw bad(`an unknown format of ${what}, ${index}`);
  return format;
}

function readCandidateRequest(reader: ByteReader): CandidateRequest {
  const rows = ROWS[reader.u8()];
  const count = reader.u16();
  if (!rows || count < 1 || count > MAX_CANDIDATES)
    throw bad(`${count} candidates of an unknown kind of rows, expected 1 to ${MAX_CANDIDATES}`);
  const wantedIds = readIds(reader, 'wanted ids', MAX_WANTED_IDS);
  const hasMask = reader.u8();
  if (hasMask > 1) throw bad(`${hasMask} where a mask's presence is told, expected 0 or 1`);
  return { rows, count, wantedIds, ...(hasMask ? { mask: readIds(reader, 'mask words', MAX_VOCABULARY / 32) } : {}) };
}

function writeResult(writer: ByteWriter, { rows, hidden = new Float32Array(), timings }: ResultFrame): void {
  writeTimings(writer, timings);
  writeWords(writer, hidden);
  writer.u16(rows.length);
  for (const { ids, logits, logSumExp, wantedLogits } of rows) {
    writeWords(writer, ids);
    writeWords(writer, logits);
    writer.f32(logSumExp);
    writeWords(writer, wantedLogits);
  }
}

function readResult(reader: ByteReader): Pick<ResultFrame, 'rows' | 'hidden' | 'timings'> {
  const timings = readTimings(reader);
  const hidden = readFloats(reader, 'hidden values', MAX_TASK_TOKENS * MAX_WIDTH);
  const rows = readList(reader, 'rows', MAX_TASK_TOKENS, (): Candidates => {
    const ids = readIds(reader, 'candidates', MAX_CANDIDATES);
    const logits = readFloats(reader, 'logits', MAX_CANDIDATES);
    if (ids.length !== logits.length) throw bad(`${ids.length} candidates with ${logits.length} logits`);
    return { ids, logits, logSumExp: reader.f32(), wantedLogits: readFloats(reader, 'wanted logits', MAX_WANTED_IDS) };
  });
  return { rows, timings, ...(hidden.length > 0 ? { hidden } : {}) };
}

function writeError(writer: ByteWriter, { peerId, error }: ErrorFrame): void {
  writeString(writer, peerId);
  writeString(writer, error.code);
  writeString(writer, error.message.slice(0, MAX_MESSAGE_BYTES / 4));
}

function readError(reader: ByteReader): Pick<ErrorFrame, 'peerId' | 'error'> {
  const peerId = readString(reader, MAX_PEER_ID_BYTES);
  const code = readString(reader, MAX_CODE_BYTES) as ErrorCode;
  return { peerId, error: { code, message: readString(reader, MAX_MESSAGE_BYTES) } };
}

function writeStage(writer: ByteWriter, peerId: string, { start, end }: LayerRange): void {
  writeString(writer, peerId);
  writer.u16(start).u16(end);
}

function readStage(reader: ByteReader): RouteStage {
  const peerId = readString(reader, MAX_PEER_ID_BYTES);
  const layers = { start: reader.u16(), end: reader.u16() };
  if (layers.start >= layers.end) throw bad(`layers [${layers.start}, ${layers.end}), expected at least one`);
  return { peerId, layers };
}

function writeTimings(writer: ByteWriter, timings: readonly StageTiming[]): void {
  writer.u16(timings.length);
  for (const { peerId, layers, waitMs, computeMs, roundTripMs } of timings) {
    writeStage(writer, peerId, layers);
    writer.f32(waitMs).f32(computeMs).f32(roundTripMs);
  }
}

function readTimings(reader: ByteReader): StageTiming[] {
  return readList(reader, 'timings', MAX_ROUTE_STAGES, () => {
    const stage = readStage(reader);
    return {
      ...stage,
      waitMs: readMilliseconds(reader),
      computeMs: readMilliseconds(reader),
      roundTripMs: readMilliseconds(reader),
    };
  });
}

function readMilliseconds(reader: ByteReader): number {
  const value = reader.f32();
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw bad(`a time of ${value} ms`);
  return value;
}

function writeString(writer: ByteWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.u16(bytes.length).bytes(bytes);
}

function readString(reader: ByteReader, maxBytes: number): string {
  const length = reader.u16();
  if (length > maxBytes) throw bad(`a text of ${length} bytes, at most ${maxBytes} are allowed`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reader.bytes(length));
  } catch (error) {
    throw error instanceof ShoalError ? error : bad('a text that is not UTF-8');
  }
}

function readList<T>(reader: ByteReader, what: string, max: number, item: () => T): T[] {
  const count = reader.u16();
  if (count > max) throw bad(`${count} ${what}, at most ${max} are allowed`);
  return Array.from({ length: count }, item);
}

function writeWords(writer: ByteWriter, words: Uint32Array | Float32Array): void {
  writer
    .u32(words.length)
    .pad(4)
    .bytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
}

/** The count of an array that begins at the next multiple of 4. */
function readCount(reader: ByteReader, what: string, max: number): number {
  const count = reader.u32();
  if (count > max) throw bad(`${count} ${what}, at most ${max} are allowed`);
  reader.bytes((4 - (reader.offset % 4)) % 4);
  return count;
}

/** The next array's bytes, where they lie. */
function wordBytes(reader: ByteReader, what: string, max: number): Uint8Array {
  return reader.bytes(4 * readCount(reader, what, max));
}

function readIds(reader: ByteReader, what: string, max: number): Uint32Array {
  // A copy: ids outlive the frame, whose buffer goes with the hidden values to the worker.
  return new Uint32Array(wordBytes(reader, what, max).slice().buffer);
}

function readFloats(reader: ByteReader, what: string, max: number): Float32Array {
  const bytes = wordBytes(reader, what, max);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Typed arrays need an aligned start; a frame that lies askew in a larger buffer is copied once. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}

function payloadBytes(frame: Frame, format: HiddenFormat): number {
  if (frame.kind === 'result') return frame.hidden?.byteLength ?? 0;
  if (frame.kind !== 'task') return 0;
  const { input } = frame;
  return input.dtype === 'u32' ? input.ids.byteLength : hiddenBytes(format, input.hidden.length);
}

function bad(found: string): ShoalError {
  return new ShoalError('bad-frame', `A malformed frame: ${found}.`);
}
