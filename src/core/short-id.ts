/** A peer's id as logs and checks show it: the beginnings are all alike. */
export function shortId(peerId: string): string {
  return peerId.slice(-8);
}
