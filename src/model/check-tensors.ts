import { ShoalError } from '../core/errors.ts';
import type { ModelFacts } from './architecture.ts';
import { findArchitecture } from './architectures.ts';

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
export function checkTensors(facts: ModelFacts, tensors: readonly DescribedTensor[], fileName: string): void {
  const expected = expectedShapes(facts, fileName);
  const { output } = findArchitecture(facts.architecture, fileName).globalNames;
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
      `${fileName}: the model has tensor "${foreign.name}"${explain(foreign.name)}; supported are the plain tensors of "${facts.architecture}" only.`,
    );
  }
}

function expectedShapes(facts: ModelFacts, fileName: string): ReadonlyMap<string, readonly number[]> {
  const architecture = findArchitecture(facts.architecture, fileName);
  const expected = new Map<string, readonly number[]>();
  const add = <Role extends string>(names: Record<Role, string>, shapes: Record<Role, readonly number[]>) => {
    for (const role of Object.keys(names) as Role[]) expected.set(names[role], shapes[role]);
  };
  add(architecture.globalNames, architecture.globalShapes(facts));
  const shapes = architecture.layerShapes(facts);
  for (let layer = 0; layer < facts.layerCount; layer++) add(architecture.layerNames(layer), shapes);
  return expected;
}

function explain(name: string): string {
  if (name.endsWith('.bias')) return ' (a bias)';
  if (name.startsWith('rope_freqs') || name.includes('rope_factors')) return ' (rope frequency factors)';
  if (name.includes('_exps') || name.includes('_gate_inp')) return ' (experts)';
  return '';
}
