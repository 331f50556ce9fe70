import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { CommandClient } from '../members/command-client.ts';
import { shortId } from '../short-id.ts';
import type { AssignMember, AssignShard } from './shard-need.ts';
import { bestVolunteer } from './volunteer.ts';

export interface RecruiterOptions {
  readonly commands: CommandClient;
  readonly shards: readonly AssignShard[];
  /** Everybody who could be asked, this tab among them when it is a node. */
  readonly members: () => readonly AssignMember[];
}

/** One that has failed at a shard is not asked for it again so soon. */
const REST_MS = 60_000;

/** Finds somebody for a shard that nobody serves: asks the willing, the least loaded first, one at a time. */
export class Recruiter {
  readonly #options: RecruiterOptions;
  /** Whom this tab has asked for which shard, and who is at it. */
  readonly #asked = new Map<number, string>();
  readonly #failed = new Map<string, number>();

  constructor(options: RecruiterOptions) {
    this.#options = options;
  }

  /** Who fetches the shard because this tab has asked; asks somebody if nobody does. Undefined when nobody is willing. */
  recruit(shard: number): string | undefined {
    const asked = this.#asked.get(shard);
    if (asked) return asked;
    const { commands, shards, members } = this.#options;
    const rested = members().filter(({ peerId }) => (this.#failed.get(keyOf(peerId, shard)) ?? 0) < Date.now());
    const peerId = bestVolunteer(shard, shards, rested);
    if (!peerId) return undefined;
    log.info('ASSIGN', `Nobody serves shard ${shard}: asking ${shortId(peerId)} to fetch it.`);
    this.#asked.set(shard, peerId);
    commands
      .send(peerId, 'LOAD_SHARD', { shard_id: shard })
      .catch((error: unknown) => {
        log.warn('ASSIGN', `${shortId(peerId)} did not load shard ${shard}: ${ShoalError.from(error).message}`);
        this.#failed.set(keyOf(peerId, shard), Date.now() + REST_MS);
      })
      .finally(() => this.#asked.delete(shard));
    return peerId;
  }
}

function keyOf(peerId: string, shard: number): string {
  return `${peerId} ${shard}`;
}
