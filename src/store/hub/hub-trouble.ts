/**
 * Why a hub does not give a shard's bytes. For a while: `busy`, it says so; `silent`, no answer, or one that breaks off.
 * For good: `missing`, the file is not there, or not for everybody; `no-ranges`, it gives the whole file or none of it;
 * `other-file`, its header does not make this shard; `wrong-bytes`, pieces fail their hashes; `too-much`, it was asked
 * for as much as a shard may cost.
 */
export type HubTrouble = 'busy' | 'silent' | 'missing' | 'no-ranges' | 'other-file' | 'wrong-bytes' | 'too-much';

/** A request to a hub that has failed. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly trouble: HubTrouble;
  /** As the hub wants it, where it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(trouble: HubTrouble, message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether it is of no use to ask again. */
export function isLasting(trouble: HubTrouble): boolean {
  return trouble !== 'busy' && trouble !== 'silent';
}
