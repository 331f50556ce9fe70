import { ShoalError } from '../src/core/errors.ts';
import type { IceServer } from '../src/protocol/server-config.ts';

const PATTERN = /^((?:stun|turn)s?:)(?:([^:@]+):([^@]+)@)?([^@\s]+)$/;

/**
 * Reads `stun:host[:port]` or `turn:user:password@host[:port][?transport=tcp]`. The user name and the password are
 * percent-encoded where they hold `:` or `@`.
 * @throws ShoalError `bad-request`
 */
export function parseIceServer(url: string): IceServer {
  const [, scheme, user, password, host] = PATTERN.exec(url) ?? [];
  if (!scheme || !host || (scheme.startsWith('turn') && !user)) {
    throw new ShoalError(
      'bad-request',
      `--ice is "${url}", expected stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT].`,
    );
  }
  const urls = `${scheme}${host}`;
  if (user === undefined || password === undefined) return { urls };
  return { urls, username: decodeURIComponent(user), credential: decodeURIComponent(password) };
}
