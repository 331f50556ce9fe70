import { readAhead } from './ahead';
import { attendHead, ropeRow } from './attention';
import { barrier } from './barrier';
import { GROUP, groupBytes } from './formats';
import { groupF32 } from './matmul-f32';
import { groupI16 } from './matmul-i16';
import { quantizeRow } from './quantize';
import { addChosenRow, chooseRow } from './experts';
import {
  ADD,
  ADD_CHOSEN,
  ATTEND,
  Add,
  AddChosen,
  Attend,
  CHOOSE,
  CONVOLVE,
  Choose,
  Convolve,
  EMBED,
  Embed,
  GATE,
  GATE_BY,
  Gate,
  GateBy,
  MULTIPLY_F32,
  MULTIPLY_I16,
  MultiplyF32,
  MultiplyI16,
  NORM,
  NORM_HEADS,
  Norm,
  NormHeads,
  OPERATION_BYTES,
  Operation,
  QUANTIZE,
  Quantize,
  RECALL,
  ROPE,
  Recall,
  Rope,
  SCALE,
  SUMMARIZE,
  Scale,
  Summarize,
} from './operations';
import { convolveFour, gateByRow, recallHead } from './recall';
import { addRow, gateRow, rmsNormRow, scaleRow, summarizeRow } from './rows';
import { unpackGroup } from './unpack';

// A program is a list of operations, records of equal size. Every thread runs the whole program and takes chunks of each
// operation's items until none are left; where an operation needs what the ones before it wrote, all threads meet first.
// An item's result does not depend on who computes it. `Program` in ../program.ts writes the records.

/**
 * Runs a program's operations as one of `threads` threads, and returns when all are done.
 * @param control - 16 bytes for the threads' meetings, zeros at first
 * @param scratch - this thread's own
 */
export function run(program: usize, count: u32, control: usize, thread: u32, threads: u32, scratch: usize): void {
  for (let index: u32 = 0; index < count; index++) {
    const op = changetype<Operation>(program + index * OPERATION_BYTES);
    if (threads == 1) {
      perform(op, 0, op.items, scratch);
      continue;
    }
    if (op.meet) barrier(control, threads);
    for (;;) {
      const first = atomic.add<u32>(changetype<usize>(op), op.chunk, offsetof<Operation>('next'));
      if (first >= op.items) break;
      perform(op, first, min(first + op.chunk, op.items), scratch);
    }
  }
  if (threads > 1) barrier(control, threads);
}

/** Items `[first, end)` of one operation. */
function perform(op: Operation, first: u32, end: u32, scratch: usize): void {
  switch (op.kind) {
    case EMBED:
      embed(changetype<Embed>(op), first, end, scratch);
      break;
    case NORM:
      norm(changetype<Norm>(op), first, end);
      break;
    case MULTIPLY_I16:
      multiplyI16(changetype<MultiplyI16>(op), first, end, scratch);
      break;
    case MULTIPLY_F32:
      multiplyF32(changetype<MultiplyF32>(op), first, end, scratch);
      break;
    case ADD:
      add(changetype<Add>(op), first, end);
      break;
    case CHOOSE:
      choose(changetype<Choose>(op), first, end);
      break;
    case ADD_CHOSEN:
      addChosen(changetype<AddChosen>(op), first, end);
      break;
    case SCALE:
      scale(changetype<Scale>(op), first, end);
      break;
    case NORM_HEADS:
      normHeads(changetype<NormHeads>(op), first, end);
      break;
    case ROPE:
      rope(changetype<Rope>(op), first, end);
      break;
    case ATTEND:
      attend(changetype<Attend>(op), first, end, scratch);
      break;
    case GATE:
      gate(changetype<Gate>(op), first, end);
      break;
    case CONVOLVE:
      convolve(changetype<Convolve>(op), first, end);
      break;
    case RECALL:
      recall(changetype<Recall>(op), first, end);
      break;
    case GATE_BY:
      gateBy(changetype<GateBy>(op), first, end);
      break;
    case QUANTIZE:
      quantize(changetype<Quantize>(op), first, end);
      break;
    case SUMMARIZE:
      summarize(changetype<Summarize>(op), first, end);
      break;
    default:
      unreachable();
  }
}

function embed(op: Embed, first: u32, end: u32, scratch: usize): void {
  const rowBytes = <usize>((op.columns + 31) >> 5) * 128;
  const bytes: usize = groupBytes(op.format, op.columns);
  for (let token = first; token < end; token++) {
    const row = load<u32>(op.ids + token * 4);
    unpackGroup(op.format, op.matrix + <usize>(row / GROUP) * bytes, op.columns, scratch, rowBytes);
    memory.copy(op.y + token * op.yStride, scratch + <usize>(row % GROUP) * rowBytes, op.yStride);
  }
}

function norm(op: Norm, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const y = op.y + token * op.stride;
    rmsNormRow(op.x + token * op.stride, op.weights, y, op.width, op.epsilon, op.add);
    if (op.quants) quantizeRow(y, token, op.items, op.stride >> 7, op.quants, op.scales);
  }
}

function multiplyI16(op: MultiplyI16, first: u32, end: u32, scratch: usize): void {
  const bytes: usize = groupBytes(op.format, op.columns);
  const blocks = (op.columns + 31) >> 5;
  const base = op.matrix + expertOffset(op.choice, op.expertBytes);
  const last: usize = base + <usize>end * bytes;
  let ahead: usize = 0;
  for (let group = first; group < end; group++) {
    const matrix: usize = base + <usize>group * bytes;
    const y = op.y + group * 16;
    ahead = readAhead(matrix, ahead, bytes, last);
    groupI16(op.format, matrix, blocks, op.tokens, op.quants, op.scales, y, op.yStride, op.add, scratch);
  }
}

function multiplyF32(op: MultiplyF32, first: u32, end: u32, scratch: usize): void {
  const bytes: usize = groupBytes(op.format, op.columns);
  const base = op.matrix + expertOffset(op.choice, op.expertBytes);
  const last: usize = base + <usize>end * bytes;
  let ahead: usize = 0;
  for (let group = first; group < end; group++) {
    const matrix: usize = base + <usize>group * bytes;
    const y = op.y + group * 16;
    ahead = readAhead(matrix, ahead, bytes, last);
    groupF32(op.format, matrix, op.columns, op.tokens, op.x, op.xStride, y, op.yStride, op.add, scratch);
  }
}

/** Where the expert's rows begin whose number lies at `choice`; 0 without one. */
// @ts-ignore: decorator
@inline
function expertOffset(choice: usize, expertBytes: u32): usize {
  return choice ? <usize>load<u32>(choice) * expertBytes : 0;
}

function add(op: Add, first: u32, end: u32): void {
  const x = op.x + expertOffset(op.choice, op.expertBytes);
  for (let token = first; token < end; token++)
    addRow(op.y + token * op.yStride, x + token * op.xStride, op.width, op.scale);
}

function choose(op: Choose, first: u32, end: u32): void {
  for (let token = first; token < end; token++)
    chooseRow(
      op.logits + token * op.stride,
      op.count,
      op.used,
      op.choice + token * op.choiceStride,
      op.scale,
      op.scales,
    );
}

function addChosen(op: AddChosen, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const choice = op.choice + token * op.choiceStride;
    addChosenRow(op.y + token * op.yStride, op.parts + token * op.stride, op.width, op.used, choice, op.add);
  }
}

function scale(op: Scale, first: u32, end: u32): void {
  for (let token = first; token < end; token++) scaleRow(op.y + token * op.stride, op.width, op.factor, op.cap);
}

function normHeads(op: NormHeads, first: u32, end: u32): void {
  const bytes: usize = op.headSize * 4;
  for (let token = first; token < end; token++) {
    let head: usize = op.qkv + token * op.stride;
    for (let index: u32 = 0; index < op.heads + op.kvHeads; index++) {
      rmsNormRow(head, index < op.heads ? op.query : op.key, head, op.headSize, op.epsilon, 0);
      head += bytes;
    }
    if (!op.values) continue;
    for (let index: u32 = 0; index < op.kvHeads; index++) {
      rmsNormRow(head, 0, head, op.headSize, op.epsilon, 0);
      head += bytes;
    }
  }
}

function rope(op: Rope, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const qkv = op.qkv + token * op.stride;
    const angles = op.angles + token * op.angleStride;
    ropeRow(qkv, angles, op.position + token, op.pages, op.heads, op.kvHeads, op.headSize, op.scale);
  }
}

function attend(op: Attend, first: u32, end: u32, scratch: usize): void {
  const perKvHead = op.heads / op.kvHeads;
  for (let item = first; item < end; item++) {
    const token = item / op.heads;
    const head = item % op.heads;
    const offset = head * op.headSize * 4;
    const query = op.qkv + token * op.stride + offset;
    const y = op.y + token * op.yStride + offset;
    const length = op.position + token + 1;
    const start = length > op.window ? length - op.window : 0;
    const sink: f32 = op.sinks ? load<f32>(op.sinks + head * 4) : 0;
    attendHead(query, op.pages, start, length, head / perKvHead, op.headSize, op.cap, op.sinks, sink, y, scratch);
  }
}

function gate(op: Gate, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const y = op.y + token * op.yStride;
    gateRow(op.gate + token * op.xStride, op.up + token * op.xStride, y, op.width, op.activation);
    if (op.quants) quantizeRow(y, token, op.items, op.yStride >> 7, op.quants, op.scales);
  }
}

function convolve(op: Convolve, first: u32, end: u32): void {
  for (let group: usize = first; group < <usize>end; group++) {
    const at = group * 16;
    const from: usize = op.from ? op.from + at : 0;
    convolveFour(op.x + at, op.stride, op.tokens, op.taps + group * 64, from, op.to + at, op.width);
  }
}

function recall(op: Recall, first: u32, end: u32): void {
  const bytes: usize = op.headSize * 4;
  for (let head = first; head < end; head++) {
    const keyHead = head % op.keyHeads;
    const offset: usize = head * op.headSize * bytes;
    const to = op.to + offset;
    let from: usize = op.from ? op.from + offset : 0;
    for (let token: u32 = 0; token < op.tokens; token++) {
      const query = op.mixed + token * op.stride + keyHead * bytes;
      const key = query + op.keyHeads * bytes;
      const value = op.mixed + token * op.stride + (2 * op.keyHeads + head) * bytes;
      const delta = op.deltas + token * op.deltaStride + head * 4;
      const alpha = load<f32>(delta + op.betas * 4) + load<f32>(op.dt + head * 4);
      const y = op.y + token * op.yStride + head * bytes;
      const a = load<f32>(op.a + head * 4);
      recallHead(query, key, value, load<f32>(delta), alpha, a, op.headSize, op.epsilon, from, to, y);
      from = to;
    }
  }
}

function gateBy(op: GateBy, first: u32, end: u32): void {
  for (let token = first; token < end; token++) {
    const y = op.y + token * op.yStride;
    gateByRow(op.gate + token * op.gateStride, y, op.width, op.silu, op.single, op.norm, op.headSize, op.epsilon);
  }
}

function quantize(op: Quantize, first: u32, end: u32): void {
  for (let token = first; token < end; token++)
    quantizeRow(op.x + token * op.stride, token, op.items, op.stride >> 7, op.quants, op.scales);
}

function summarize(op: Summarize, first: u32, end: u32): void {
  for (let row = first; row < end; row++) summarizeRow(op.logits + row * op.stride, op.width, op.results + row * 8);
}
