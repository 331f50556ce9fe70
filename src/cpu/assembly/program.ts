import { readAhead } from './ahead';
import { attendHead, ropeRow } from './attention';
import { barrier } from './barrier';
import { GROUP, groupBytes } from './formats';
import { groupF32 } from './matmul-f32';
import { groupI16 } from './matmul-i16';
import { quantizeRow } from './quantize';
import { rmsNormRow, summarizeRow, swigluRow } from './rows';
import { unpackGroup } from './unpack';

// A program is a list of operations, each 20 words. Every thread runs the whole program and takes chunks of each
// operation's items until none are left; where an operation needs what the ones before it wrote, all threads meet first.
// An item's result does not depend on who computes it. `Program` in ../program.ts writes these words.

// @ts-ignore: decorator
@unmanaged
class Op {
  kind: u32;
  /** All threads meet before this operation. */
  meet: u32;
  /** The first item that nobody has taken. */
  next: u32;
  items: u32;
  /** Items taken at once. */
  chunk: u32;
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  e: u32;
  f: u32;
  g: u32;
  h: u32;
  i: u32;
  j: u32;
  x: f32;
}

const OP_BYTES: usize = 80;

/**
 * Runs a program's operations as one of `threads` threads, and returns when all are done.
 * @param control - 16 bytes for the threads' meetings, zeros at first
 * @param scratch - this thread's own
 */
export function run(program: usize, count: u32, control: usize, thread: u32, threads: u32, scratch: usize): void {
  for (let index: u32 = 0; index < count; index++) {
    const op = changetype<Op>(program + index * OP_BYTES);
    if (threads == 1) {
      perform(op, 0, op.items, scratch);
      continue;
    }
    if (op.meet) barrier(control, threads);
    for (;;) {
      const first = atomic.add<u32>(changetype<usize>(op), op.chunk, offsetof<Op>('next'));
      if (first >= op.items) break;
      perform(op, first, min(first + op.chunk, op.items), scratch);
    }
  }
  if (threads > 1) barrier(control, threads);
}

/** Items `[first, end)` of one operation. */
function perform(op: Op, first: u32, end: u32, scratch: usize): void {
  switch (op.kind) {
    case 0:
      embed(op, first, end, scratch);
      break;
    case 1:
      norm(op, first, end);
      break;
    case 2:
      multiplyI16(op, first, end, scratch);
      break;
    case 3:
      multiplyF32(op, first, end, scratch);
      break;
    case 4:
      rope(op, first, end);
      break;
    case 5:
      attend(op, first, end, scratch);
      break;
    case 6:
      swiglu(op, first, end);
      break;
    case 7:
      quantize(op, first, end);
      break;
    case 8:
      summarize(op, first, end);
      break;
  }
}

/** a: format, b: matrix, c: columns, d: ids, e: y, f: y's stride. Items: tokens. */
function embed(op: Op, first: u32, end: u32, scratch: usize): void {
  const rowBytes = <usize>((op.c + 31) >> 5) * 128;
  for (let token = first; token < end; token++) {
    const row = load<u32>(op.d + token * 4);
    unpackGroup(op.a, op.b + <usize>(row / GROUP) * groupBytes(op.a, op.c), op.c, scratch, rowBytes);
    memory.copy(op.e + token * op.f, scratch + <usize>(row % GROUP) * rowBytes, op.f);
  }
}

/** a: x, b: stride of x and y, c: weights, d: y, e: width, f: quants (0: none wanted), g: scales; x: epsilon. Items: tokens. */
function norm(op: Op, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const y = op.d + token * op.b;
    rmsNormRow(op.a + token * op.b, op.c, y, op.e, op.x);
    if (op.f) quantizeRow(y, token, op.items, op.b >> 7, op.f, op.g);
  }
}

/** a: format, b: matrix, c: columns, d: tokens, e: quants, f: scales, g: y, h: y's stride, i: add. Items: groups of rows. */
function multiplyI16(op: Op, first: u32, end: u32, scratch: usize): void {
  const bytes: usize = groupBytes(op.a, op.c);
  const blocks = (op.c + 31) >> 5;
  const last: usize = op.b + <usize>end * bytes;
  let ahead: usize = 0;
  for (let group = first; group < end; group++) {
    const matrix: usize = op.b + <usize>group * bytes;
    ahead = readAhead(matrix, ahead, bytes, last);
    groupI16(op.a, matrix, blocks, op.d, op.e, op.f, op.g + group * 16, op.h, op.i, scratch);
  }
}

/** a: format, b: matrix, c: columns, d: tokens, e: x, f: x's stride, g: y, h: y's stride, i: add. Items: groups of rows. */
function multiplyF32(op: Op, first: u32, end: u32, scratch: usize): void {
  const bytes: usize = groupBytes(op.a, op.c);
  const last: usize = op.b + <usize>end * bytes;
  let ahead: usize = 0;
  for (let group = first; group < end; group++) {
    const matrix: usize = op.b + <usize>group * bytes;
    ahead = readAhead(matrix, ahead, bytes, last);
    groupF32(op.a, matrix, op.c, op.d, op.e, op.f, op.g + group * 16, op.h, op.i, scratch);
  }
}

/** a: qkv, b: its stride, c: angles, d: position, e: pages, f: H, g: K, h: D. Items: tokens. */
function rope(op: Op, first: u32, end: u32): void {
  for (let token = first; token < end; token++)
    ropeRow(op.a + token * op.b, op.c + token * op.h * 4, op.d + token, op.e, op.f, op.g, op.h);
}

/** As rope; i: y, j: its stride. Items: tokens × H. */
function attend(op: Op, first: u32, end: u32, scratch: usize): void {
  const perKvHead = op.f / op.g;
  for (let item = first; item < end; item++) {
    const token = item / op.f;
    const head = item % op.f;
    const offset = head * op.h * 4;
    const length = op.d + token + 1;
    attendHead(op.a + token * op.b + offset, op.e, length, head / perKvHead, op.h, op.i + token * op.j + offset, scratch);
  }
}

/** a: gate, b: up, c: their stride, d: y, e: its stride, f: width, g: quants (0: none wanted), h: scales. Items: tokens. */
function swiglu(op: Op, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const y = op.d + token * op.e;
    swigluRow(op.a + token * op.c, op.b + token * op.c, y, op.f);
    if (op.g) quantizeRow(y, token, op.items, op.e >> 7, op.g, op.h);
  }
}

/** a: x, b: its stride, c: quants, d: scales. Items: tokens. */
function quantize(op: Op, first: u32, end: u32): void {
  for (let token = first; token < end; token++) quantizeRow(op.a + token * op.b, token, op.items, op.b >> 7, op.c, op.d);
}

/** a: logits, b: their stride, c: V, d: results, 8 bytes a row. Items: rows. */
function summarize(op: Op, first: u32, end: u32): void {
  for (let row = first; row < end; row++) summarizeRow(op.a + row * op.b, op.c, op.d + row * 8);
}
