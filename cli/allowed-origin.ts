import { ShoalError } from '../src/core/errors.ts';

/** Of a browser's extension, which has an origin of its own in each browser. */
const EXTENSION = /^[a-z][a-z-]*-extension:\/\/[\w-]+$/i;

/** An `--allow-origin`, as browsers write origins. @throws ShoalError `bad-request` */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  if (EXTENSION.test(text)) return text.toLowerCase();
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new ShoalError(
    'bad-request',
    `--allow-origin is "${text}", expected an origin like https://shoal.example, or *.`,
  );
}
