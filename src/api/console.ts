import type { CommandName, CommandParams, CommandResult } from '../protocol/commands.ts';
import type { Transfer } from '../store/shard-store.ts';
import type { Lap } from '../swarm/coordinator/generation.ts';
import type { Member } from '../swarm/members/membership.ts';
import type { Check } from '../swarm/verify.ts';
import type { ShoalEngine } from './engine.ts';

/** `window.shoal`: what scripts, tests and other people's tools drive a tab by. */
export interface ShoalConsole {
  /** Empty until the tab is connected. */
  readonly peerId: string;
  /** The other members of the swarm. @throws ShoalError `peer-unreachable` until the tab is connected */
  peers(): readonly Member[];
  /**
   * Sends a command to a node, this tab's own among them.
   * @throws ShoalError as the node answers; `peer-unreachable`, `timeout`
   */
  command<Name extends CommandName>(
    peerId: string,
    command: Name,
    params?: CommandParams<Name>,
  ): Promise<CommandResult<Name>>;
  readonly engine: ShoalEngine;
  /** The newest lap of the pipeline that this tab's prompts have made: what a token's time went into, stage by stage. */
  readonly lap: Lap | undefined;
  /** Where each shard's bytes are: stored, received, sent. Empty until the server has answered. */
  transfers(): readonly Transfer[];
  /** This tab's own counters and recent task timings. */
  stats(): Promise<CommandResult<'GET_STATS'>>;
  /** Checks that the swarm is whole, as `npx shoal verify` does. */
  verify(): Promise<readonly Check[]>;
}

declare global {
  interface Window {
    shoal: ShoalConsole;
  }
}
