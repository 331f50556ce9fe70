/** How one tensor type packs elements: `blockSize` elements along the first dimension in `blockBytes` bytes. */
export interface TensorType {
  readonly name: string;
  /** The file format's number. */
  readonly id: number;
  readonly blockSize: number;
  readonly blockBytes: number;
}

const layouts = [
  { name: 'F32', id: 0, blockSize: 1, blockBytes: 4 },
  { name: 'F16', id: 1, blockSize: 1, blockBytes: 2 },
  { name: 'Q4_0', id: 2, blockSize: 32, blockBytes: 18 },
  { name: 'Q4_1', id: 3, blockSize: 32, blockBytes: 20 },
  { name: 'Q5_0', id: 6, blockSize: 32, blockBytes: 22 },
  { name: 'Q5_1', id: 7, blockSize: 32, blockBytes: 24 },
  { name: 'Q8_0', id: 8, blockSize: 32, blockBytes: 34 },
  { name: 'Q2_K', id: 10, blockSize: 256, blockBytes: 84 },
  { name: 'Q3_K', id: 11, blockSize: 256, blockBytes: 110 },
  { name: 'Q4_K', id: 12, blockSize: 256, blockBytes: 144 },
  { name: 'Q5_K', id: 13, blockSize: 256, blockBytes: 176 },
  { name: 'Q6_K', id: 14, blockSize: 256, blockBytes: 210 },
  { name: 'IQ4_NL', id: 20, blockSize: 32, blockBytes: 18 },
  { name: 'IQ4_XS', id: 23, blockSize: 256, blockBytes: 136 },
  { name: 'BF16', id: 30, blockSize: 1, blockBytes: 2 },
  { name: 'MXFP4', id: 39, blockSize: 32, blockBytes: 17 },
] as const satisfies readonly TensorType[];

/** The tensor types that Shoal reads and computes on. */
export type TensorTypeName = (typeof layouts)[number]['name'];

/** Their names, by the format's number. */
export const TENSOR_TYPE_NAMES: readonly TensorTypeName[] = layouts.map(({ name }) => name);

/** Every readable type by name. */
export const TENSOR_TYPES = Object.fromEntries(layouts.map((layout) => [layout.name, layout])) as Readonly<
  Record<TensorTypeName, TensorType>
>;

const byId: ReadonlyMap<number, TensorTypeName> = new Map(layouts.map((layout) => [layout.id, layout.name]));

/** The type with the file format's number `id`; undefined for one that Shoal cannot read. */
export function tensorTypeById(id: number): TensorTypeName | undefined {
  return byId.get(id);
}

/** Types that exist elsewhere, so that an error can name them. Source: ggml's `enum ggml_type`. */
const FOREIGN_TYPES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  21: 'IQ3_S',
  22: 'IQ2_S',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
};

/** What people call type `id`, readable or not. */
export function tensorTypeLabel(id: number): string {
  return tensorTypeById(id) ?? FOREIGN_TYPES[id] ?? `number ${id}`;
}

/** Bytes of `elements` elements, a multiple of the type's block size. */
export function tensorBytes(type: TensorTypeName, elements: number): number {
  const { blockSize, blockBytes } = TENSOR_TYPES[type];
  return (elements / blockSize) * blockBytes;
}
