/** What an invite link says; all of it in the URL fragment, which browsers never send to a server. */
export interface Invite {
  /** SHA-256 of the manifest. */
  readonly manifestId: string;
}

/** @returns undefined when the fragment names no swarm. */
export function parseInvite(fragment: string): Invite | undefined {
  const manifestId = new URLSearchParams(fragment.replace(/^#/, '')).get('m');
  return manifestId && /^[0-9a-f]{64}$/.test(manifestId) ? { manifestId } : undefined;
}

/** The link that brings another browser into the swarm. */
export function inviteLink(page: Location | URL, { manifestId }: Invite): string {
  return `${page.origin}${page.pathname}#m=${manifestId}`;
}
