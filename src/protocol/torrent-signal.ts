import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { shardSchema } from './manifest.ts';

/**
 * The libp2p protocol by which tabs meet for a shard where no tracker is: the request carries an offer, the response the
 * answer, as JSON.
 */
export const TORRENT_SIGNAL_PROTOCOL = '/shoal/torrent-signal/1.0.0';

/** One session description of a data channel: Chromium's has 0.5 to 3 KB, with many candidates up to 8. */
const MAX_SDP_CHARACTERS = 16 * 1024;

const descriptionSchema = v.strictObject({
  /** The sender's id in the exchange of torrents. */
  peerId: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  sdp: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_SDP_CHARACTERS)),
});
const offerSchema = v.strictObject({ infoHash: shardSchema.entries.infoHash, offer: descriptionSchema });

export type TorrentOffer = v.InferOutput<typeof offerSchema>;
export type TorrentDescription = v.InferOutput<typeof descriptionSchema>;

export function encodeTorrentSignal(message: TorrentOffer | TorrentDescription): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws ShoalError `bad-request` */
export function parseTorrentOffer(bytes: Uint8Array): TorrentOffer {
  return parse(offerSchema, bytes, 'An offer');
}

/** @throws ShoalError `bad-request` */
export function parseTorrentAnswer(bytes: Uint8Array): TorrentDescription {
  return parse(descriptionSchema, bytes, 'An answer');
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShoalError('bad-request', `${what} for a shard's exchange must be JSON.`, { cause });
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  throw new ShoalError('bad-request', `${what} for a shard's exchange is malformed: ${result.issues[0].message}`);
}
