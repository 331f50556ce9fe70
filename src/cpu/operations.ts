/**
 * What a program for the kernels is made of: each operation with its arguments, a word each, in their order. From this
 * table build.ts writes the records that the kernels read, and `Program` has the arguments' names.
 */
const OPERATIONS = {
  /** `y[t] = W[ids[t]]`. Items: tokens. */
  embed: { format: 'u32', matrix: 'u32', columns: 'u32', ids: 'u32', y: 'u32', yStride: 'u32' },
  /** `y = rms-norm(x) · weights`, or that added to y, also rounded to quants unless those are 0. Items: tokens. */
  norm: {
    ...{ x: 'u32', stride: 'u32', weights: 'u32', y: 'u32', width: 'u32', add: 'u32', quants: 'u32', scales: 'u32' },
    epsilon: 'f32',
  },
  /**
   * `y = x · Wᵀ` of rounded rows, or that added to y. Items: groups of rows. Of matrices one behind the other, each of
   * `expertBytes`, the one whose number lies at `choice`, unless that is 0.
   */
  multiplyI16: {
    ...{ format: 'u32', matrix: 'u32', columns: 'u32', tokens: 'u32', quants: 'u32', scales: 'u32' },
    ...{ y: 'u32', yStride: 'u32', add: 'u32', choice: 'u32', expertBytes: 'u32' },
  },
  /** The same of rows of floats. Items: groups of rows. */
  multiplyF32: {
    ...{ format: 'u32', matrix: 'u32', columns: 'u32', tokens: 'u32', x: 'u32', xStride: 'u32' },
    ...{ y: 'u32', yStride: 'u32', add: 'u32', choice: 'u32', expertBytes: 'u32' },
  },
  /**
   * `y[t] += scale · x[t]`, whole vectors of four; a stride of 0 adds one row to all. Of vectors one behind the other,
   * each of `expertBytes`, the one whose number lies at `choice`, unless that is 0. Items: tokens.
   */
  add: {
    ...{ x: 'u32', xStride: 'u32', y: 'u32', yStride: 'u32', width: 'u32', scale: 'f32' },
    ...{ choice: 'u32', expertBytes: 'u32' },
  },
  /**
   * The numbers of the `used` greatest of `count` logits, then the softmax of `scale` times those, each times its expert's
   * number at `scales`, unless that is 0. Items: tokens.
   */
  choose: {
    ...{ logits: 'u32', stride: 'u32', count: 'u32', used: 'u32', choice: 'u32', choiceStride: 'u32' },
    ...{ scale: 'f32', scales: 'u32' },
  },
  /** `y[t] = Σ weight · part` over the chosen, or that added to y; a part is `width` floats. Items: tokens. */
  addChosen: {
    ...{ parts: 'u32', stride: 'u32', width: 'u32', used: 'u32', choice: 'u32', choiceStride: 'u32' },
    ...{ y: 'u32', yStride: 'u32', add: 'u32' },
  },
  /** `y *= factor`, then `y = cap · tanh(y / cap)` unless that is 0; whole vectors of four. Items: tokens. */
  scale: { y: 'u32', stride: 'u32', width: 'u32', factor: 'f32', cap: 'f32' },
  /** RMS norm of each query and key head, in place, and with `values` of each value head, as it is. Items: tokens. */
  normHeads: {
    ...{ qkv: 'u32', stride: 'u32', query: 'u32', key: 'u32', heads: 'u32', kvHeads: 'u32', headSize: 'u32' },
    ...{ values: 'u32', epsilon: 'f32' },
  },
  /** Rotates queries, times `scale`, and keys; stores keys and values. Items: tokens. */
  rope: {
    ...{ qkv: 'u32', stride: 'u32', angles: 'u32', angleStride: 'u32', position: 'u32', pages: 'u32' },
    ...{ heads: 'u32', kvHeads: 'u32', headSize: 'u32', scale: 'f32' },
  },
  /**
   * Causal attention over the last `window` positions, scores capped unless `cap` is 0. At `sinks`, unless
   * that is 0, a score for each head that counts for the softmax and has no value. Items: tokens × query heads.
   */
  attend: {
    ...{ qkv: 'u32', stride: 'u32', position: 'u32', pages: 'u32', heads: 'u32', kvHeads: 'u32', headSize: 'u32' },
    ...{ y: 'u32', yStride: 'u32', window: 'u32', cap: 'f32', sinks: 'u32' },
  },
  /** `y = activation(gate) · up`, by number (`ACTIVATIONS`), also rounded unless quants are 0. Items: rows. */
  gate: {
    ...{ gate: 'u32', up: 'u32', xStride: 'u32', y: 'u32', yStride: 'u32', width: 'u32', activation: 'u32' },
    ...{ quants: 'u32', scales: 'u32' },
  },
  /**
   * `x = silu(Σ taps · x)` of each element over its last four positions, in place; `from` has the three rows before,
   * unless it is 0, `to` gets the last three. Items: groups of four elements.
   */
  convolve: {
    ...{ x: 'u32', stride: 'u32', tokens: 'u32', taps: 'u32', width: 'u32', from: 'u32', to: 'u32' },
  },
  /** The gated delta rule, from one state, or an empty one, to another; `betas` floats before the alphas. Items: value heads. */
  recall: {
    ...{ mixed: 'u32', stride: 'u32', deltas: 'u32', deltaStride: 'u32', betas: 'u32', dt: 'u32', a: 'u32' },
    ...{ y: 'u32', yStride: 'u32', tokens: 'u32', keyHeads: 'u32', valueHeads: 'u32', headSize: 'u32' },
    ...{ from: 'u32', to: 'u32', epsilon: 'f32' },
  },
  /** `y *= silu(gate)`, or σ, of one number a row if `single`; heads are RMS-normed first unless `norm` is 0. Items: tokens. */
  gateBy: {
    ...{ gate: 'u32', gateStride: 'u32', y: 'u32', yStride: 'u32', width: 'u32', silu: 'u32', single: 'u32' },
    ...{ norm: 'u32', headSize: 'u32', epsilon: 'f32' },
  },
  /** Rounds rows to blocks of 16-bit numbers. Items: tokens. */
  quantize: { x: 'u32', stride: 'u32', quants: 'u32', scales: 'u32' },
  /** The greatest logit of a row and the sum of exp(logit - greatest), 8 bytes a row. Items: rows. */
  summarize: { logits: 'u32', stride: 'u32', width: 'u32', results: 'u32' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, 'u32' | 'f32'>>>>;

export type CpuOperation = keyof typeof OPERATIONS;
/** An operation's arguments by name. */
export type Arguments<Kind extends CpuOperation> = Readonly<Record<keyof (typeof OPERATIONS)[Kind], number>>;

/** The operations in the order of their numbers. */
const KINDS = Object.keys(OPERATIONS) as readonly CpuOperation[];

/** An operation's number, and its arguments in their order. */
interface OperationLayout {
  readonly number: number;
  readonly parameters: readonly { readonly name: string; readonly float: boolean }[];
}

export const LAYOUTS = Object.fromEntries(
  KINDS.map((kind, number): [CpuOperation, OperationLayout] => {
    const parameters = Object.entries(OPERATIONS[kind]).map(([name, type]) => ({ name, float: type === 'f32' }));
    return [kind, { number, parameters }];
  }),
) as Readonly<Record<CpuOperation, OperationLayout>>;

/** Words before an operation's arguments: see `operationRecords`. */
export const HEAD_WORDS = 5;
/** Words of an operation: those, and the arguments of the longest. */
export const OPERATION_WORDS =
  HEAD_WORDS + Math.max(...Object.values(OPERATIONS).map((parameters) => Object.keys(parameters).length));

/** The table in AssemblyScript: a number and a record for each operation. */
export function operationRecords(): string {
  const numbers = KINDS.map((kind, number) => `export const ${constantName(kind)}: u32 = ${number};`);
  const records = KINDS.map((kind) => {
    const fields = Object.entries(OPERATIONS[kind]).map(([name, type]) => `  ${name}: ${type};`);
    return `@unmanaged\nexport class ${className(kind)} extends Operation {\n${fields.join('\n')}\n}`;
  });
  return `// Written by build.ts from ../operations.ts.

export const OPERATION_BYTES: usize = ${4 * OPERATION_WORDS};

${numbers.join('\n')}

@unmanaged
export class Operation {
  kind: u32;
  /** All threads meet before this operation. */
  meet: u32;
  /** The first item that nobody has taken. */
  next: u32;
  items: u32;
  /** Items taken at once. */
  chunk: u32;
}

${records.join('\n\n')}
`;
}

function constantName(kind: CpuOperation): string {
  return kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function className(kind: CpuOperation): string {
  return `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
}
