import * as v from 'valibot';
import { MAX_OFFERS, MAX_SCRAPED_HASHES, MAX_SDP_CHARACTERS } from './limits.ts';

/** 20 bytes as a string of code units below 256: how WebTorrent writes info hashes and peer ids in JSON. */
const binary20 = v.pipe(
  v.string(),
  v.length(20),
  v.check((text) => /^[^\u0100-\uffff]*$/.test(text), 'Expected bytes'),
);
const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP_CHARACTERS));
const offerId = v.pipe(v.string(), v.maxLength(40));
const amount = v.nullish(v.number());

const announceSchema = v.object({
  action: v.literal('announce'),
  info_hash: binary20,
  peer_id: binary20,
  event: v.nullish(v.picklist(['started', 'stopped', 'completed', 'update', 'paused'])),
  uploaded: amount,
  downloaded: amount,
  left: amount,
  offers: v.nullish(
    v.pipe(
      v.array(v.object({ offer: v.object({ type: v.literal('offer'), sdp }), offer_id: offerId })),
      v.maxLength(MAX_OFFERS),
    ),
  ),
  answer: v.nullish(v.object({ type: v.literal('answer'), sdp })),
  offer_id: v.nullish(offerId),
  to_peer_id: v.nullish(binary20),
});

const scrapeSchema = v.object({
  action: v.literal('scrape'),
  info_hash: v.union([binary20, v.pipe(v.array(binary20), v.minLength(1), v.maxLength(MAX_SCRAPED_HASHES))]),
});

const messageSchema = v.variant('action', [announceSchema, scrapeSchema]);
/** What a WebTorrent client sends to a tracker, without anything that Shoal does not know. */
export type TrackerMessage = v.InferOutput<typeof messageSchema>;

/** @returns undefined when it is not a message that a client sends. */
export function parseTrackerMessage(text: string): TrackerMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = v.safeParse(messageSchema, json);
  if (!result.success) return undefined;
  const message = result.output;
  if (message.action === 'announce' && message.answer && !message.to_peer_id) return undefined;
  return message;
}

/** Info hashes that a message is about, hexadecimal. */
export function infoHashesIn({ info_hash }: TrackerMessage): string[] {
  return (typeof info_hash === 'string' ? [info_hash] : info_hash).map(binaryToHex);
}

/** The message for the tracker library: what is null is left out, since it takes a null `left` for a complete file. */
export function formatTrackerMessage(message: TrackerMessage): string {
  return JSON.stringify(message, (_key, value: unknown) => value ?? undefined);
}

function binaryToHex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}
