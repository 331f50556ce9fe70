import * as v from 'valibot';
import { MAX_NAME_CHARS, MAX_PEER_ID_BYTES } from '../../protocol/limits.ts';
import { plainName } from '../../protocol/member-name.ts';

/** A name that others gave themselves, as it may be shown. */
export const speakerNameSchema = v.pipe(v.string(), v.maxLength(2 * MAX_NAME_CHARS), v.transform(plainName));

/** Who has asked in a room, as another tab or a file says. */
export const speakerSchema = v.object({
  peerId: v.pipe(v.string(), v.maxLength(MAX_PEER_ID_BYTES), v.regex(/^[\w-]+$/)),
  name: speakerNameSchema,
});
