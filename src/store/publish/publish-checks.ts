import { ShoalError } from '../../core/errors.ts';
import type { GgufFile } from '../../gguf/gguf-file.ts';
import { TENSOR_TYPES } from '../../gguf/tensor-types.ts';
import { checkTensors } from '../../model/check-tensors.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { readHyperparameters } from '../../model/read-hyperparameters.ts';
import { MAX_VOCABULARY, MAX_WIDTH } from '../../protocol/limits.ts';

/**
 * Whether the engine can run a model file, told before anything is split.
 * @throws ShoalError `bad-gguf`, `unsupported-architecture`, `unsupported-tensor-type`, `limit-exceeded`
 */
export function checkModel(file: GgufFile): Hyperparameters {
  checkWhole(file);
  const model = readHyperparameters(file);
  checkLimit(file, 'width', model.width, MAX_WIDTH);
  checkLimit(file, 'vocabulary', model.vocabularySize, MAX_VOCABULARY);
  checkTensors(model, file.tensors, file.name);
  for (const { name, type, shape } of file.tensors) {
    // Norms and biases, which no converter puts into blocks.
    if (shape.length === 1 && TENSOR_TYPES[type].blockSize > 1) {
      throw new ShoalError(
        'unsupported-tensor-type',
        `${file.name}: the vector "${name}" has type ${type}; supported: F32, F16, BF16.`,
      );
    }
  }
  return model;
}

/** As the usual tools name the parts of a model. */
const PART_NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;
/** Siblings that a message lists one by one. */
const MAX_LISTED = 4;

function checkWhole({ name, metadata }: GgufFile): void {
  const count = metadata.get('split.count');
  if (typeof count !== 'number' || count <= 1) return;
  const number = metadata.get('split.no');
  const part = typeof number === 'number' ? `part ${number + 1}` : 'one';
  const [, stem] = PART_NAME.exec(name) ?? [];
  const nameOf = (index: number) =>
    `${stem}-${String(index + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;
  const others = stem === undefined ? [] : partNames(count, nameOf, name);
  throw new ShoalError(
    'bad-gguf',
    `${name} is ${part} of ${count} of a model${others.length > 0 ? `; the others are ${others.join(', ')}` : ''}. ` +
      `Merge them first: llama-gguf-split --merge ${stem === undefined ? 'FIRST_PART.gguf' : nameOf(0)} MERGED.gguf`,
  );
}

function partNames(count: number, nameOf: (index: number) => string, own: string): string[] {
  const listed = count - 1 <= MAX_LISTED;
  if (!listed) return [`${nameOf(0)} to ${nameOf(count - 1)}`];
  return Array.from({ length: count }, (_, index) => nameOf(index)).filter((other) => other !== own);
}

function checkLimit(file: GgufFile, what: string, found: number, max: number): void {
  if (found > max)
    throw new ShoalError('limit-exceeded', `${file.name}: ${what} ${found}, at most ${max} is supported.`);
}
