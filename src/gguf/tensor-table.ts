import { ShoalError } from '../core/errors.ts';
import type { GgufTensor } from './gguf-file.ts';
import { MAX_DIMENSIONS, MAX_TENSOR_NAME_BYTES } from './limits.ts';
import { TENSOR_TYPES, tensorBytes, tensorTypeById, tensorTypeLabel } from './tensor-types.ts';
import { readName, type ValueContext } from './values.ts';

/**
 * Reads the tensor table: for each tensor name, u32 dimension count, u64 dimensions, u32 type, u64 offset.
 * @returns rows whose `offset` counts from the beginning of the tensor data
 * @throws ShoalError `bad-gguf`, `unsupported-tensor-type`
 */
export function readTensorTable(context: ValueContext, count: number, fileName: string): GgufTensor[] {
  const names = new Set<string>();
  const tensors: GgufTensor[] = [];
  for (let index = 0; index < count; index++) {
    const tensor = readTensor(context, `tensor ${index}`, fileName);
    if (names.has(tensor.name)) throw context.bad(`tensor "${tensor.name}" occurs twice`);
    names.add(tensor.name);
    tensors.push(tensor);
  }
  return tensors;
}

function readTensor(context: ValueContext, what: string, fileName: string): GgufTensor {
  const { reader, bad } = context;
  const name = readName(context, `the name of ${what}`, MAX_TENSOR_NAME_BYTES);
  const dimensions = reader.u32();
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
    throw bad(`tensor "${name}" has ${dimensions} dimensions, expected 1 to ${MAX_DIMENSIONS}`);
  const shape = withoutOnes(Array.from({ length: dimensions }, () => Number(reader.u64())));
  const typeId = reader.u32();
  const offset = Number(reader.u64());
  const type = tensorTypeById(typeId);
  if (!type) {
    throw new ShoalError(
      'unsupported-tensor-type',
      `${fileName}: tensor "${name}" has type ${tensorTypeLabel(typeId)}; supported are ${Object.keys(TENSOR_TYPES).join(', ')}.`,
    );
  }
  const { blockSize } = TENSOR_TYPES[type];
  if (shape[0]! % blockSize !== 0)
    throw bad(`tensor "${name}" has rows of ${shape[0]} elements, expected a multiple of ${blockSize} for ${type}`);
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  const sizeBytes = tensorBytes(type, elements);
  if (elements < 1 || !Number.isSafeInteger(elements) || !Number.isSafeInteger(offset + sizeBytes))
    throw bad(`tensor "${name}" has the impossible shape [${shape.join(', ')}] at offset ${offset}`);
  return { name, type, shape, offset, sizeBytes };
}

/** The same shape to ggml, which takes every tensor for one of four dimensions: some tools write a vector as `[C, 1]`. */
function withoutOnes(shape: readonly number[]): number[] {
  const last = shape.findLastIndex((dimension) => dimension !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}

/**
 * Checks that every tensor is aligned, within the file and on no other tensor's bytes.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`
 */
export function checkExtents(context: ValueContext, tensors: readonly GgufTensor[], alignment: number): void {
  const { bad, truncated, fileBytes } = context;
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    const { name, offset, sizeBytes } = tensor;
    if (offset % alignment !== 0)
      throw bad(`tensor "${name}" begins at offset ${offset}, expected a multiple of ${alignment}`);
    if (offset < end) throw bad(`tensor "${name}" begins at offset ${offset}, inside the tensor before it`);
    end = offset + sizeBytes;
    if (end > fileBytes) throw truncated(`tensor "${name}" ends at offset ${end}, the file at ${fileBytes}`);
  }
}
