import { MAX_PRESENCE_BYTES } from '../../protocol/limits.ts';
import { type OwnPresence, type Presence, readPresence } from '../../protocol/presence.ts';

export function encodePresence(presence: OwnPresence & { readonly sequence: number }): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(presence));
}

/** @returns undefined when it is none */
export function parsePresence(message: Uint8Array): Presence | undefined {
  if (message.byteLength > MAX_PRESENCE_BYTES) return undefined;
  try {
    return readPresence(JSON.parse(new TextDecoder().decode(message)));
  } catch {
    return undefined;
  }
}

/** Whether they serve the same, stay alike, are called the same, and both have a room or none. */
export function sameOffer(a: Presence, b: Presence): boolean {
  const sameShards = a.ready.join() === b.ready.join() && a.pending.join() === b.pending.join();
  return sameShards && a.draining === b.draining && a.name === b.name && a.room === b.room && a.wire === b.wire;
}
