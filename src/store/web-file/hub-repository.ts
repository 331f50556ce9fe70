import * as v from 'valibot';
import { ShoalError } from '../../core/errors.ts';

/** The API's answer about a repository. @see https://huggingface.co/docs/hub/api */
const listingSchema = v.object({ siblings: v.array(v.object({ rfilename: v.string() })) });
const REPOSITORY_LINK = /^hf:(?<repository>[^/@\s]+\/[^/@\s]+?)\/?(?:@(?<revision>[\w./-]+))?$/i;
/** What people take who choose by nothing but the name, in this order; of each the first by name. */
const USUAL = [/Q4_K_M/i, /Q4_K_S/i, /Q4_0/i, /MXFP4/i, /Q5_K_M/i, /Q8_0/i];
const READ_TIMEOUT_MS = 20_000;
/** In an error. */
const MAX_NAMED = 8;

/**
 * The link of one file, where a link names a whole repository: `hf:owner/repository[@revision]`.
 * @param hub - the hub's address
 * @returns `text` itself where it is no repository's
 * @throws ShoalError `model-unavailable` where the repository has no GGUF file, or none of those that people usually
 * take, which names some of them, or where it cannot be read; `aborted`
 */
export async function linkOfFile(text: string, hub: string, signal?: AbortSignal): Promise<string> {
  const { repository, revision } = REPOSITORY_LINK.exec(text)?.groups ?? {};
  // A file whose owner or repository was left out is none.
  if (!repository || /\.gguf$/i.test(repository)) return text;
  const at = revision === undefined ? '' : `/revision/${encodeURIComponent(revision)}`;
  const listing = v.safeParse(listingSchema, await readJson(`${hub}/api/models/${repository}${at}`, signal));
  if (!listing.success)
    throw new ShoalError('model-unavailable', `${hub} says nothing of ${repository} that can be read.`);
  const names = listing.output.siblings.map(({ rfilename }) => rfilename).filter(isModel);
  const chosen = chooseFile(names);
  if (chosen !== undefined) return `hf:${repository}/${chosen}${revision === undefined ? '' : `@${revision}`}`;
  if (names.length === 0) throw new ShoalError('model-unavailable', `${repository} has no GGUF file.`);
  const some = names.slice(0, MAX_NAMED).join(', ');
  throw new ShoalError(
    'model-unavailable',
    `${repository} has several models: say which, e.g. hf:${repository}/${names[0]}. There are ${some}.`,
  );
}

async function readJson(url: string, signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(READ_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return await response.json();
  } catch (cause) {
    if (signal?.aborted) throw new ShoalError('aborted', 'Getting the model was cancelled.', { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ShoalError('model-unavailable', `${url} could not be read: ${reason}. Check the name.`, { cause });
  }
}

/** Beside models there lie what they see images with, and what a quantisation was made by. */
function isModel(name: string): boolean {
  return /\.gguf$/i.test(name) && !/mmproj|imatrix/i.test(name);
}

/** Of a set the first part, which leads to the others. */
function chooseFile(names: readonly string[]): string | undefined {
  const whole = names.filter((name) => !/-\d{5}-of-\d{5}\.gguf$/i.test(name) || /-00001-of-/.test(name)).toSorted();
  if (whole.length === 1) return whole[0];
  for (const usual of USUAL) {
    const found = whole.find((name) => usual.test(name));
    if (found !== undefined) return found;
  }
  return undefined;
}
