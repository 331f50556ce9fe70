/**
 * What tells a gossip message that came before from a new one without looking at its signature: its author and the number
 * that this gave it. gossipsub keeps it of messages whose signature was right alone, so that nobody can take a number of
 * somebody else's. For `fastMsgIdFn`: most of what comes has come another way already.
 */
export function gossipMessageId({ from, seqno }: { readonly from?: Uint8Array; readonly seqno?: Uint8Array }): string {
  return String.fromCharCode(...(from ?? []), 0, ...(seqno ?? []));
}
