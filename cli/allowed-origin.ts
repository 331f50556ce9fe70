import { ShoalError } from '../src/core/errors.ts';

/** An `--allow-origin`, as browsers write origins. @throws ShoalError `bad-request` */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new ShoalError(
    'bad-request',
    `--allow-origin is "${text}", expected an origin like https://shoal.example, or *.`,
  );
}
