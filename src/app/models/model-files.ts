import { ShoalError } from '../../core/errors.ts';
import { blobSource, type GgufFile, type GgufSource } from '../../gguf/gguf-file.ts';
import { joinGguf, partSetOf } from '../../gguf/join.ts';
import { planShards } from '../../gguf/plan.ts';
import { splitGguf } from '../../gguf/split.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { readModelFile } from '../../store/publish/model-file.ts';

/** A model file that a person chose, or a set of parts as one. */
export interface OpenedModel {
  /** What messages and the manifest call it. */
  readonly name: string;
  readonly source: GgufSource;
}

/**
 * Opens files that were chosen or dropped together.
 * @throws ShoalError `bad-request` that names the part of a set that is missing; as `joinGguf`
 */
export async function openModelFiles(files: readonly File[]): Promise<OpenedModel> {
  const [first] = files;
  if (!first) throw new ShoalError('bad-request', 'No file was chosen.');
  const set = partSetOf(first.name);
  if (!set) return { name: first.name, source: blobSource(first) };
  const parts = set.partNames.map((name) => {
    const file = files.find((candidate) => candidate.name === name);
    if (file) return { name, source: blobSource(file) };
    throw new ShoalError('bad-request', `${name} is missing: choose all ${set.partNames.length} parts together.`);
  });
  return { name: set.wholeName, source: await joinGguf(parts) };
}

/**
 * Whether a file may be the one that a manifest's shards were made of, by the sizes that splitting it would give: its
 * bytes tell the rest.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-tensor-type`
 */
export async function mayBe({ name, source }: OpenedModel, { shards, hyperparameters }: Manifest): Promise<boolean> {
  const file: GgufFile = await readModelFile(source, name, 'counted');
  if (!file.tensors.some((tensor) => tensor.name.startsWith(`blk.${hyperparameters.layerCount - 1}.`))) return false;
  if (file.tensors.some((tensor) => tensor.name.startsWith(`blk.${hyperparameters.layerCount}.`))) return false;
  const parts = splitGguf(file, source, planShards(file.tensors, hyperparameters.layerCount, shards.length));
  return parts.every(({ sizeBytes }, index) => sizeBytes === shards[index]!.sizeBytes);
}
