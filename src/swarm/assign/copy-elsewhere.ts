import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { shortId } from '../../core/short-id.ts';
import type { CommandClient } from '../frames/command-client.ts';

export interface CopyParts {
  readonly commands: Pick<CommandClient, 'send'>;
  /** Peer ids of those who may keep a copy, the likeliest first. */
  readonly members: () => readonly string[];
}

/**
 * Has other tabs store shards that only this one serves, so that it may go: asks one after the other until one has the
 * shard.
 * @throws ShoalError `consent-required` when nobody takes one, `aborted`
 */
export async function copyElsewhere(
  { commands, members }: CopyParts,
  shards: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  for (const shard of shards) {
    if (await copied(commands, members(), shard, signal)) continue;
    throw new ShoalError(
      'consent-required',
      `No other tab takes shard ${shard}: it has no room, or its owner does not help to spread the model. Invite somebody who joins with it.`,
    );
  }
}

async function copied(
  commands: CopyParts['commands'],
  peerIds: readonly string[],
  shard: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (const peerId of peerIds) {
    try {
      await commands.send(peerId, 'KEEP_SHARD', { shard_id: shard }, signal);
      log.info('ASSIGN', `${shortId(peerId)} has stored shard ${shard}.`);
      return true;
    } catch (error) {
      if (signal.aborted) throw new ShoalError('aborted', 'Copying was cancelled.', { cause: error });
      log.info('ASSIGN', `${shortId(peerId)} does not store shard ${shard}: ${ShoalError.from(error).message}`);
    }
  }
  return false;
}
