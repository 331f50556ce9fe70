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

/** The keys below `<architecture>.` of all layers, and of those at the end that only draft tokens ahead. */
const [LAYERS_KEY, DRAFTING_KEY] = ['block_count', 'nextn_predict_layers'];

/**
 * Reads a whole model's header as its shards take it up: with the factors of its rotated pairs among the metadata, for
 * they are a tensor and every shard needs them, and without layers that draft tokens ahead, which nobody runs. Of factors
 * for long and for short contexts those are taken that the model's whole context asks for.
 * @param name - what messages call the file
 * @param texts - as `parseGguf`
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-tensor-type`
 */
export async function readModelFile(
  source: GgufSource,
  name: string,
  texts: ValueContext['texts'] = 'read',
): Promise<GgufFile> {
  const file = withoutDrafting(await readGguf(source, name, texts));
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

function withoutDrafting(file: GgufFile): GgufFile {
  const { metadata, rawMetadata, tensors } = file;
  const architecture = metadata.get('general.architecture');
  const [layersKey, draftingKey] = [`${architecture}.${LAYERS_KEY}`, `${architecture}.${DRAFTING_KEY}`];
  const [all, drafting] = [metadata.get(layersKey), metadata.get(draftingKey)];
  if (typeof all !== 'number' || typeof drafting !== 'number' || !(drafting > 0 && drafting < all)) return file;
  const layers = all - drafting;
  const replaced = new Map([...metadata, [layersKey, layers]]);
  const raw = new Map([...rawMetadata, [layersKey, encodeEntry(layersKey, 'u32', layers)]]);
  for (const entries of [replaced, raw]) entries.delete(draftingKey);
  const kept = tensors.filter(({ name }) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1) < layers);
  return { ...file, metadata: replaced, rawMetadata: raw, tensors: kept };
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
