import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DEFAULT_HUB, hubFileAddress, isModelLink, linkedParts, parseModelLink } from '../src/gguf/model-link.ts';
import { type ModelSource, sourceOf } from '../src/protocol/model-source.ts';
import { CATALOGUE, findInCatalogue } from './catalogue.ts';
import { modelFiles } from './model-file.ts';

/**
 * Where tabs may have the file that `findModel` has found. Always the hub's own address: what a mirror of this machine's
 * is called is nobody's business, and the same model has the same manifest everywhere.
 * @param named - what the person named; the default model where nothing was
 * @param path - of the file, all of whose parts are there
 * @param page - the host under which people open the page
 * @returns undefined where there is no such place: a file of this machine, an address with a query, a private network's
 */
export async function publicSource(
  named: string | undefined,
  path: string,
  page: string | undefined,
): Promise<ModelSource | undefined> {
  const urls = urlsOf(named);
  if (!urls) return undefined;
  const sizes = await Promise.all(modelFiles(path).map(async (file) => (await stat(file)).size));
  return sourceOf(
    urls.map((url, index) => ({ url, sizeBytes: sizes[index]! })),
    page,
  );
}

/** @see findModel */
function urlsOf(named: string | undefined): readonly URL[] | undefined {
  if (named !== undefined && isModelLink(named)) return linkedParts(parseModelLink(named)).map(({ url }) => url);
  if (named !== undefined && (existsSync(named) || /[/\\]|\.gguf$/i.test(named))) return undefined;
  const { hub } = named === undefined ? CATALOGUE[0] : findInCatalogue(named);
  return hub && [new URL(hubFileAddress(DEFAULT_HUB, hub))];
}
