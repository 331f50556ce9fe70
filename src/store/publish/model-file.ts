import { ShoalError } from '../../core/errors.ts';
import { dequantize } from '../../gguf/dequantize.ts';
import type { GgufFile, GgufSource, GgufTensor } from '../../gguf/gguf-file.ts';
import { readGguf } from '../../gguf/read.ts';
import type { ValueContext } from '../../gguf/values.ts';
import { encodeEntry } from '../../gguf/write.ts';
import { ROPE_FACTOR_TENSORS } from '../../model/architecture.ts';
import { ROPE_FACTORS_KEY } from '../../model/read-rope.ts';

const [EVERY_LENGTH, LONG, SHORT] = ROPE_FACTOR_TENSORS;
/** Heads of 8,192 dimensions. */
const MAX_FACTORS = 4096;

/**
 * Reads a whole model's header, with the factors of its rotated pairs among the metadata, where its shards find them:
 * they are a tensor, and every shard needs them. Of factors for long and for short contexts those are taken that the
 * model's whole context asks for.
 * @param name - what messages call the file
 * @param texts - as `parseGguf`
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-tensor-type`
 */
export async function readModelFile(
  source: GgufSource,
  name: string,
  texts: ValueContext['texts'] = 'read',
): Promise<GgufFile> {
  const file = await readGguf(source, name, texts);
  const tensor = factorsOf(file);
  if (!tensor) return file;
  if (tensor.shape.length !== 1 || tensor.shape[0]! > MAX_FACTORS || tensor.type !== 'F32')
    throw new ShoalError('bad-gguf', `${name} is not a valid model: "${tensor.name}" is no list of F32 numbers.`);
  const factors = [...dequantize(tensor.type, await source.read(tensor.offset, tensor.sizeBytes))];
  const key = `${file.metadata.get('general.architecture')}.${ROPE_FACTORS_KEY}`;
  return {
    ...file,
    metadata: new Map([...file.metadata, [key, factors]]),
    rawMetadata: new Map([...file.rawMetadata, [key, encodeEntry(key, 'f32[]', factors)]]),
  };
}

function factorsOf({ metadata, tensors }: GgufFile): GgufTensor | undefined {
  const numberOf = (key: string) => {
    const value = metadata.get(`${metadata.get('general.architecture')}.${key}`);
    return typeof value === 'number' ? value : undefined;
  };
  const original = numberOf('rope.scaling.original_context_length') ?? Number.POSITIVE_INFINITY;
  const ofContext = (numberOf('context_length') ?? 0) > original ? LONG : SHORT;
  return tensors.find((tensor) => tensor.name === EVERY_LENGTH || tensor.name === ofContext);
}
