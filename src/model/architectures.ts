import { ShoalError } from '../core/errors.ts';
import { type Architecture, layersOf, rotationsOf } from './architecture.ts';
import { gemma2, gemma3 } from './gemma.ts';
import { gemma4 } from './gemma4.ts';
import { gptOss } from './gpt-oss.ts';
import { granite } from './granite.ts';
import { type HeadShape, headsOf, type Operation } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { llama } from './llama.ts';
import { mistral3 } from './mistral.ts';
import { phi3 } from './phi.ts';
import { qwen2, qwen3, qwen3moe } from './qwen.ts';
import { qwen35, qwen35moe } from './qwen35.ts';
import type { Rotation } from './rotation.ts';
import { smollm3 } from './smollm.ts';

const architectures: readonly Architecture[] = [
  ...[llama, qwen2, qwen3, phi3, mistral3, smollm3, granite],
  ...[gemma2, gemma3, gemma4],
  ...[qwen3moe, gptOss],
  ...[qwen35, qwen35moe],
];

/**
 * The model family that a file's `general.architecture` names.
 * @param fileName - what the message calls the file
 * @throws ShoalError `unsupported-architecture`
 */
export function findArchitecture(name: string, fileName: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found) return found;
  const supported = architectures.map((architecture) => architecture.name).join(', ');
  throw new ShoalError(
    'unsupported-architecture',
    `${fileName}: architecture "${name}" is not supported; supported: ${supported}.`,
  );
}

/** Every layer of a model, see `layersOf`. */
export function modelLayers(model: Hyperparameters): (readonly Operation[])[] {
  return layersOf(findArchitecture(model.architecture, 'The model'), model);
}

/** The heads of every layer with attention. */
export function modelHeads(model: Hyperparameters): HeadShape[] {
  return modelLayers(model).flatMap((layer) => headsOf(layer) ?? []);
}

/** What a model's layers rotate by, see `rotationsOf`. */
export function modelRotations(model: Hyperparameters): readonly Rotation[] {
  return rotationsOf(findArchitecture(model.architecture, 'The model'), model);
}
