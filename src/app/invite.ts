import type { SwarmSecret } from '../protocol/private-swarm.ts';

/** What an invite link says; all of it in the URL fragment, which browsers never send to a server. */
export interface Invite {
  /** SHA-256 of the manifest. */
  readonly manifestId: string;
  /** Of a private swarm. */
  readonly secret?: SwarmSecret | undefined;
  /** In place of a secret that this browser has been given before: the start of the swarm's outside name. */
  readonly privateName?: string | undefined;
}

/** @returns undefined when the fragment names no swarm. */
export function parseInvite(fragment: string): Invite | undefined {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  const manifestId = parameters.get('m');
  if (!manifestId || !/^[0-9a-f]{64}$/.test(manifestId)) return undefined;
  return {
    manifestId,
    secret: parameters.get('s') ?? undefined,
    privateName: parameters.get('p') ?? undefined,
  };
}

/** The fragment of an invite, without its `#`. */
export function inviteFragment({ manifestId, secret, privateName }: Invite): string {
  return [
    `m=${manifestId}`,
    ...(secret === undefined ? [] : [`s=${secret}`]),
    ...(privateName === undefined ? [] : [`p=${privateName}`]),
  ].join('&');
}

/** The link that brings another browser into the swarm. */
export function inviteLink(page: Pick<URL, 'origin' | 'pathname'>, invite: Invite): string {
  return `${page.origin}${page.pathname}#${inviteFragment(invite)}`;
}

/** A page's address, and whether nobody but this machine can open it. */
export interface InvitePlace {
  readonly page: Pick<URL, 'origin' | 'pathname'>;
  readonly thisMachineOnly: boolean;
}

const LOOPBACK = /^((.+\.)?localhost|127\.[\d.]+|\[::1\])$/;

/**
 * Where an invite sends others: to the page's own address, or where that is this machine's loopback, to one that the
 * server tells. Plain http of another machine is no secure context, where nothing runs: it is nobody's way in.
 * @param addresses - as `ServerConfig.addresses`
 */
export function invitePlace(page: Location | URL, addresses: readonly string[]): InvitePlace {
  if (!LOOPBACK.test(page.hostname)) return { page, thisMachineOnly: false };
  const reachable = addresses
    .map((address) => new URL(address))
    .find(({ protocol, hostname }) => protocol === 'https:' && !LOOPBACK.test(hostname));
  return reachable ? { page: reachable, thisMachineOnly: false } : { page, thisMachineOnly: true };
}
