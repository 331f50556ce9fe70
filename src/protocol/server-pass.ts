import * as v from 'valibot';
import { type SwarmKeys, serverProof } from './private-swarm.ts';

/** Of the `Authorization` header: `Shoal <challenge>:<proof>`, see `serverProof`. */
export const PASS_SCHEME = 'Shoal';

/** A server's challenge to who wants files of its private swarm. */
export const serverChallengeSchema = v.object({
  challenge: v.pipe(v.string(), v.maxLength(128)),
  /** From now on. */
  validMs: v.pipe(v.number(), v.minValue(1000)),
});
export type ServerChallenge = v.InferOutput<typeof serverChallengeSchema>;

/** The `Authorization` header that answers a challenge. */
export function passFor(keys: SwarmKeys, challenge: string): string {
  return `${PASS_SCHEME} ${challenge}:${serverProof(keys, challenge)}`;
}
