import { ShoalError } from '../core/errors.ts';
import { partSetOf } from './join.ts';

/** Where `hf:` leads unless another hub is named. */
export const DEFAULT_HUB = 'https://huggingface.co';

/** A file on a Hugging Face hub. */
export interface HubFile {
  /** `owner/repository` */
  readonly repository: string;
  /** A commit, a tag or a branch. */
  readonly revision: string;
  readonly fileName: string;
}

const HUB_LINK = /^hf:(?<repository>[^/@]+\/[^/@]+)\/(?<fileName>[^@]+\.gguf)(?:@(?<revision>[\w./-]+))?$/i;
const GGUF_NAME = /^[\w][\w .+-]*\.gguf$/i;

/** A model file on the web. */
export interface ModelLink {
  readonly url: URL;
  readonly fileName: string;
}

/** Whether a model is named by where it is: `https://…`, or `hf:owner/repository/file.gguf[@revision]`. */
export function isModelLink(text: string): boolean {
  return /^(https?|hf):/i.test(text);
}

/**
 * Where a model file is that a link names.
 * @param hub - another hub's address
 * @throws ShoalError `bad-request` that says what a link looks like
 */
export function parseModelLink(text: string, hub = DEFAULT_HUB): ModelLink {
  const url = addressOf(text, hub);
  const fileName = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  if (GGUF_NAME.test(fileName)) return { url, fileName };
  throw new ShoalError('bad-request', `${text} names no .gguf file: expected https://…/file.gguf.`);
}

/** The files of the set that a link's file belongs to, which lie beside each other, in order; itself where it is whole. */
export function linkedParts({ url, fileName }: ModelLink): readonly ModelLink[] {
  const names = partSetOf(fileName)?.partNames ?? [fileName];
  return names.map((name) => ({ url: new URL(`./${encodeURIComponent(name)}${url.search}`, url), fileName: name }));
}

/** Where a hub has a file. */
export function hubFileAddress(hub: string, { repository, revision, fileName }: HubFile): string {
  return `${hub}/${repository}/resolve/${revision}/${fileName}`;
}

function addressOf(text: string, hub: string): URL {
  if (!/^hf:/i.test(text)) {
    if (URL.canParse(text)) return new URL(text);
    throw new ShoalError('bad-request', `"${text}" is no address: expected https://host/path/file.gguf.`);
  }
  const { repository, fileName, revision = 'main' } = HUB_LINK.exec(text)?.groups ?? {};
  if (repository && fileName) return new URL(hubFileAddress(hub, { repository, fileName, revision }));
  throw new ShoalError(
    'bad-request',
    `"${text}" is no file of a hub: expected hf:owner/repository[/file.gguf][@revision].`,
  );
}
