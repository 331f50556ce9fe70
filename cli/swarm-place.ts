import { text } from 'node:stream/consumers';
import { type Invite, parseInvite } from '../src/app/invite.ts';
import { ShoalError } from '../src/core/errors.ts';
import { deriveKeys } from '../src/protocol/private-swarm.ts';

/** Where `shoal serve` answers unless told otherwise. */
const DEFAULT_SERVER = 'http://127.0.0.1:8787';

/** The arguments of a command that name a swarm. */
export const PLACE_ARGS = {
  invite: {
    type: 'positional',
    required: false,
    description: 'An invite link, which names the server and the model; - reads it from the standard input',
  },
  server: {
    type: 'string',
    default: DEFAULT_SERVER,
    valueHint: 'URL',
    description: 'The server, where no invite is given',
  },
} as const;

/** Where a swarm is found. */
export interface SwarmPlace {
  readonly server: URL;
  readonly invite: Invite | undefined;
}

/** Anybody on the machine may read a command line, and the link of a private swarm is its key. */
const FROM_STDIN = '-';

/** As `parsePlace`, of a link that may have to be read from the standard input. */
export async function readPlace(link: string | undefined, server: string): Promise<SwarmPlace> {
  return parsePlace(link === FROM_STDIN ? (await text(process.stdin)).trim() : link, server);
}

/**
 * The place that an invite link names, or else a server.
 * @throws ShoalError `bad-request` on a link that leads nowhere
 */
function parsePlace(link: string | undefined, server: string): SwarmPlace {
  const place = URL.parse(link ?? server);
  if (!place || !/^https?:$/.test(place.protocol))
    throw new ShoalError('bad-request', `"${link ?? server}" is no link: expected http://… or https://…`);
  if (link === undefined) return { server: place, invite: undefined };
  const invite = parseInvite(place.hash);
  if (!invite) {
    throw new ShoalError('bad-request', `"${link}" is no invite: it must end in #m= and the hash of a manifest.`);
  }
  if (invite.secret === undefined && invite.privateName !== undefined) {
    throw new ShoalError(
      'bad-request',
      `"${link}" is the address of a tab in a private swarm, without the secret. Copy the invite that the page shows.`,
    );
  }
  // Said before anything is checked where it is damaged.
  if (invite.secret !== undefined) deriveKeys(invite.secret);
  return { server: place, invite };
}

/** Seconds of `--timeout`, in ms. @throws ShoalError `bad-request` */
export function parseTimeout(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text) * 1000;
  throw new ShoalError('bad-request', `--timeout is "${text}", expected seconds from 1 to 9999.`);
}
