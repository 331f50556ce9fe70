import { ShoalError } from '../src/core/errors.ts';

/**
 * The `--public-url` of a server, with a slash at the end of its path: the page's addresses are relative to it.
 * @throws ShoalError `bad-request`
 */
export function parsePublicUrl(text: string): URL {
  return parsePageUrl('public-url', text);
}

/** A `--peer-server`: the page of another server, with a slash at the end of its path. @throws ShoalError `bad-request` */
export function parsePeerServer(text: string): URL {
  return parsePageUrl('peer-server', text);
}

function parsePageUrl(option: string, text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new ShoalError('bad-request', `--${option} is "${text}", expected a link like https://shoal.example/.`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
