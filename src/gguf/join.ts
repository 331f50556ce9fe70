import { ShoalError } from '../core/errors.ts';
import { assembleGguf, tensorFrom } from './assemble.ts';
import type { GgufFile, GgufSource } from './gguf-file.ts';
import { readGguf } from './read.ts';

/** One file of a model in several. */
export interface ModelPart {
  /** What messages call it. */
  readonly name: string;
  readonly source: GgufSource;
}

/**
 * As the usual tools name the parts of a model: `stem-0000N-of-0000M.gguf`, N from 1.
 * @see https://github.com/ggml-org/llama.cpp/tree/master/tools/gguf-split
 */
const PART_NAME = /^(?<stem>.+)-(?<number>\d{5})-of-(?<count>\d{5})(?<suffix>\.gguf)$/i;

/** The set of files that a file's name says it belongs to. */
export interface PartSet {
  /** What the model's file would be called in one. */
  readonly wholeName: string;
  /** Every file's name, in order. */
  readonly partNames: readonly string[];
}

/** @returns undefined where the name is not one of a part's */
export function partSetOf(fileName: string): PartSet | undefined {
  const { stem, number, count, suffix } = PART_NAME.exec(fileName)?.groups ?? {};
  if (!count || Number(number) < 1 || Number(number) > Number(count)) return undefined;
  const nameOf = (index: number) => `${stem}-${String(index + 1).padStart(5, '0')}-of-${count}${suffix}`;
  return {
    wholeName: `${stem}${suffix}`,
    partNames: Array.from({ length: Number(count) }, (_, index) => nameOf(index)),
  };
}

/**
 * Reads the parts of a model as the one file that they were: the first one's metadata without `split.*`, and the tensors
 * of all, in order.
 * @throws ShoalError as `readGguf`; `bad-gguf` naming the part that is of another set
 */
export async function joinGguf(parts: readonly ModelPart[]): Promise<GgufSource> {
  const files = await Promise.all(parts.map(({ name, source }) => readGguf(source, name, 'counted')));
  checkSet(files);
  const [first] = files as [GgufFile, ...GgufFile[]];
  const entries = [...first.rawMetadata].filter(([key]) => !key.startsWith('split.')).map(([, entry]) => entry);
  const tensors = files.flatMap((file, index) =>
    file.tensors.map((tensor) => tensorFrom(parts[index]!.source, tensor)),
  );
  return assembleGguf(entries, tensors, first.alignment);
}

/** Files of two sets may have the same names: the numbers inside tell them apart, and that no tensor comes twice or lacks. */
function checkSet(files: readonly GgufFile[]): void {
  const [first] = files as [GgufFile, ...GgufFile[]];
  const total = first.metadata.get('split.tensors.count');
  const owners = new Map<string, string>();
  for (const [index, { name, metadata, tensors }] of files.entries()) {
    const number = metadata.get('split.no');
    const count = metadata.get('split.count');
    if (number !== index || count !== files.length) {
      const found = typeof number === 'number' ? `part ${number + 1} of ${count}` : 'no part of a model';
      throw strange(name, `it says that it is ${found}, expected part ${index + 1} of ${files.length}`);
    }
    const ownTotal = metadata.get('split.tensors.count');
    if (ownTotal !== total)
      throw strange(name, `its model has ${ownTotal} tensors, that of ${first.name} has ${total}`);
    for (const tensor of tensors) {
      const owner = owners.get(tensor.name);
      if (owner !== undefined) throw strange(name, `the tensor "${tensor.name}" stands in ${owner} too`);
      owners.set(tensor.name, name);
    }
  }
  if (total !== undefined && owners.size !== total)
    throw strange(first.name, `the files beside it hold ${owners.size} of the ${total} tensors that it announces`);
}

function strange(name: string, problem: string): ShoalError {
  return new ShoalError(
    'bad-gguf',
    `${name} does not belong to the set that its name says: ${problem}. Download the set again.`,
  );
}
