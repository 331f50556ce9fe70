import { ShoalError } from '../core/errors.ts';
import { layersOf, layerTensorName, outerTensors, ROPE_FACTOR_TENSORS } from './architecture.ts';
import { findArchitecture } from './architectures.ts';
import { tensorsOf } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** A tensor as the file's table describes it. */
export interface DescribedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Checks that a file holds the tensors that its hyperparameters promise, and no others.
 * @throws ShoalError `bad-gguf` when a tensor is missing or has another shape, `unsupported-architecture` for a tensor
 * that the engine would have to ignore (biases, experts, …)
 */
export function checkTensors(model: Hyperparameters, tensors: readonly DescribedTensor[], fileName: string): void {
  const expected = expectedShapes(model, fileName);
  const output = outerTensors(model).output.name;
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const [name, shape] of expected) {
    const tensor = found.get(name);
    if (!tensor && name === output) continue;
    if (!tensor) throw new ShoalError('bad-gguf', `${fileName} is not a valid model: tensor "${name}" is missing.`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ShoalError(
        'bad-gguf',
        `${fileName} is not a valid model: tensor "${name}" has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}].`,
      );
    }
  }
  const foreign = tensors.find((tensor) => !expected.has(tensor.name) && !explainsRotation(model, tensor));
  if (foreign) {
    throw new ShoalError(
      'unsupported-architecture',
      `${fileName}: the model has tensor "${foreign.name}"${explain(foreign.name)}; supported are the plain tensors of "${model.architecture}" only.`,
    );
  }
}

function expectedShapes(model: Hyperparameters, fileName: string): ReadonlyMap<string, readonly number[]> {
  const expected = new Map<string, readonly number[]>();
  const architecture = findArchitecture(model.architecture, fileName);
  for (const { name, shape } of Object.values(outerTensors(model))) expected.set(name, shape);
  for (const [layer, operations] of layersOf(architecture, model).entries())
    for (const use of tensorsOf(operations)) expected.set(layerTensorName(layer, use), use.shape);
  return expected;
}

/** Factors of rotated pairs: what counts of them are the hyperparameters. */
function explainsRotation(model: Hyperparameters, { name, shape }: DescribedTensor): boolean {
  return (
    model.ropeFactors !== undefined &&
    ROPE_FACTOR_TENSORS.includes(name) &&
    shape.length === 1 &&
    shape[0] === model.ropeFactors.length
  );
}

function explain(name: string): string {
  if (name.endsWith('.bias')) return ' (a bias)';
  if (ROPE_FACTOR_TENSORS.includes(name)) return ' (rope frequency factors)';
  if (name.includes('_exps') || name.includes('_gate_inp')) return ' (experts)';
  return '';
}
