import { ShoalError } from '../core/errors.ts';
import type { GgufFile } from '../gguf/gguf-file.ts';
import { isRunnable, RUNNABLE_TYPES } from '../gguf/tensor-types.ts';
import type { ModelFacts } from '../model/architecture.ts';
import { checkTensors } from '../model/check-tensors.ts';
import { readModelFacts } from '../model/read-facts.ts';
import { MAX_VOCABULARY, MAX_WIDTH } from '../protocol/limits.ts';

/**
 * Whether the engine can run a model file, told before anything is split.
 * @throws ShoalError `bad-gguf`, `unsupported-architecture`, `unsupported-tensor-type`, `limit-exceeded`
 */
export function checkModel(file: GgufFile): ModelFacts {
  const facts = readModelFacts(file.metadata, file.name);
  checkLimit(file, 'width', facts.width, MAX_WIDTH);
  checkLimit(file, 'vocabulary', facts.vocabularySize, MAX_VOCABULARY);
  checkTensors(facts, file.tensors, file.name);
  for (const { name, type, shape } of file.tensors) {
    // Vectors are norms, which every converter leaves in F32.
    const supported: readonly string[] = shape.length === 1 ? ['F32'] : RUNNABLE_TYPES;
    if (!isRunnable(type) || !supported.includes(type)) {
      throw new ShoalError(
        'unsupported-tensor-type',
        `${file.name}: tensor "${name}" has type ${type}; supported: ${supported.join(', ')}.`,
      );
    }
  }
  return facts;
}

function checkLimit(file: GgufFile, what: string, found: number, max: number): void {
  if (found > max)
    throw new ShoalError('limit-exceeded', `${file.name}: ${what} ${found}, at most ${max} is supported.`);
}
