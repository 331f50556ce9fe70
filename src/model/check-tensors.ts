import { ShoalError } from '../core/errors.ts';
import { layerTensorName, outerTensors } from './architecture.ts';
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
 * that the engine would have to ignore (biases, rope frequency factors, …)
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
  const foreign = tensors.find((tensor) => !expected.has(tensor.name));
  if (foreign) {
    throw new ShoalError(
      'unsupported-architecture',
      `${fileName}: the model has tensor "${foreign.name}"${explain(foreign.name)}; supported are the plain tensors of "${model.architecture}" only.`,
    );
  }
}

function expectedShapes(model: Hyperparameters, fileName: string): ReadonlyMap<string, readonly number[]> {
  const expected = new Map<string, readonly number[]>();
  for (const { name, shape } of Object.values(outerTensors(model))) expected.set(name, shape);
  const uses = tensorsOf(findArchitecture(model.architecture, fileName).layer(model));
  for (let layer = 0; layer < model.layerCount; layer++)
    for (const use of uses) expected.set(layerTensorName(layer, use), use.shape);
  return expected;
}

function explain(name: string): string {
  if (name.endsWith('.bias')) return ' (a bias)';
  if (name.startsWith('rope_freqs') || name.includes('rope_factors')) return ' (rope frequency factors)';
  if (name.includes('_exps') || name.includes('_gate_inp')) return ' (experts)';
  return '';
}
