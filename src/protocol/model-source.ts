import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';

/** How `gguf/split.ts` cuts a file into shards: whoever cuts otherwise one day calls it otherwise. */
export const LAYER_SPLIT = 'layers-1';

/** Parts of a set: as many as the usual tools' names count to would be a mistake, and every list has a bound. */
const MAX_FILES = 512;
/** What browsers and servers take, and more than a hub's addresses have. */
const MAX_URL_CHARS = 1024;

/** Where a model's file is on the web, in the order of its parts, and how its shards were cut from it. */
export const modelSourceSchema = v.object({
  /** `LAYER_SPLIT`; a tab that knows no other leaves the source alone. */
  split: v.pipe(v.string(), v.maxLength(64)),
  files: v.pipe(
    v.array(
      v.object({
        url: v.pipe(v.string(), v.maxLength(MAX_URL_CHARS)),
        sizeBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_FILES),
  ),
});
export type ModelSource = v.InferOutput<typeof modelSourceSchema>;

/**
 * Names that nobody can register in the public DNS: without a dot, and those of home networks.
 * @see https://www.rfc-editor.org/rfc/rfc6761 and 6762, 8375; `.internal` is ICANN's
 */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|localdomain|lan|internal|home\.arpa|test|onion)$/;
/** As `URL` writes them, whatever notation they came in. */
const ADDRESS = /^\[|^\d+(\.\d+){3}$/;

/** Whether a host can be one of a private network. Addresses all count as such: no hub is known by one. */
export function isPrivateHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '');
  return ADDRESS.test(name) || LOCAL_NAME.test(name);
}

/**
 * Whether a tab may fetch from an address that a manifest names. Manifests come from strangers, and whoever opens one
 * must not be made to knock at somebody's door: so it is a public name's https at its usual port, without credentials
 * or a query, which may hold some.
 * @param page - the host of the page: one in a private network may use addresses there
 * @throws ShoalError `bad-request` that says what is wrong with it
 */
export function checkSourceUrl(text: string, page: string | undefined): URL {
  const wrong = (problem: string) => new ShoalError('bad-request', `"${text}" is no source of a model: ${problem}.`);
  const url = URL.parse(text);
  if (!url) throw wrong('it is no address');
  if (url.protocol !== 'https:') throw wrong('it is not https');
  if (url.username !== '' || url.password !== '') throw wrong('it has credentials in it');
  // The text, as an empty query leaves no trace in the address.
  if (/[?#]/.test(text)) throw wrong('it has a query');
  if (!/\.gguf$/i.test(url.pathname)) throw wrong('it names no .gguf file');
  if (page !== undefined && isPrivateHost(page)) return url;
  if (isPrivateHost(url.hostname)) throw wrong(`${url.hostname} is of a private network`);
  if (url.port !== '') throw wrong(`port ${url.port} is not the usual one`);
  return url;
}

/**
 * A source that may be asked.
 * @throws ShoalError `bad-request` that says why it may not
 */
export function checkSource(source: ModelSource, page: string | undefined): ModelSource {
  if (source.split !== LAYER_SPLIT) {
    throw new ShoalError('bad-request', `This build does not know how shards are cut by "${source.split}".`);
  }
  const hosts = new Set(source.files.map(({ url }) => checkSourceUrl(url, page).host));
  if (hosts.size > 1) throw new ShoalError('bad-request', `A source lies at ${hosts.size} hosts, expected one.`);
  return source;
}

/** The host that a checked source lies at: what people know a hub by. */
export function sourceHost({ files }: ModelSource): string {
  return new URL(files[0]!.url).host;
}

/** The source of a model whose files lie at these addresses; undefined where tabs may not fetch from one of them. */
export function sourceOf(
  files: readonly { readonly url: URL; readonly sizeBytes: number }[],
  page: string | undefined,
): ModelSource | undefined {
  const named = files.map(({ url: { href: url }, sizeBytes }) => ({ url, sizeBytes }));
  const { success, output } = v.safeParse(modelSourceSchema, { split: LAYER_SPLIT, files: named });
  if (!success) return undefined;
  try {
    return checkSource(output, page);
  } catch {
    return undefined;
  }
}
