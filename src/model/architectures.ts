import { ShoalError } from '../core/errors.ts';
import type { Architecture } from './architecture.ts';
import { llama } from './llama.ts';
import { qwen2, qwen3 } from './qwen.ts';

const architectures: readonly Architecture[] = [llama, qwen2, qwen3];

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
