import type { MemberRow, ModelSummary, ShardRow, SwarmSummary } from '../app/app-model.ts';
import type { Unsubscribe } from '../core/events.ts';
import type { RouteEvent } from '../swarm/coordinator/route-event.ts';
import type { Engine } from './engine.ts';
import type { RunnerWishes } from './runner-wishes.ts';

/** What others may have of this device, once the tab has joined. */
export interface LendWishes {
  /** Part of the device's time, above 0 and at most 1; all of it unless given. */
  readonly share?: number;
  /** Answers of others at once; as many as fit unless given. */
  readonly sessions?: number;
  /** Memory for shards; a quarter of the device's unless given, where the browser tells. */
  readonly memoryMegabytes?: number;
  /** Disk for shards. */
  readonly diskMegabytes?: number;
  /** Upload a second, to all other tabs together. */
  readonly uploadKilobytes?: number;
  /** Fetches and seeds shards that this tab does not run, so that the swarm outlives its server; not unless set. */
  readonly spreadModel?: boolean;
  /** Others may ask this tab to load a shard that is missing; not unless set. */
  readonly acceptRemoteLoads?: boolean;
}

/** Which swarm, and how this tab takes part in it. */
export interface SwarmOptions extends RunnerWishes {
  /**
   * The invite link, of an open or a private swarm; or the address of a server, for the model that it lists first. A
   * server lets pages of other sites in whose origin its operator names with `--allow-origin`.
   */
  readonly invite: string | URL;
  /** What other tabs see this one as; the browser's name unless given. */
  readonly name?: string;
  readonly lend?: LendWishes;
  /** Ends connecting, with `aborted`. Later `close()` ends it. */
  readonly signal?: AbortSignal;
}

/** What a swarm tells. */
export interface SwarmEvents extends Record<string, unknown> {
  /** Members, shards or the connection are not as they were; told four times a second at most. */
  change: undefined;
  /** What happened to the route of an answer: who left, and who took over. */
  route: RouteEvent;
  /** A member has started a new link of this private swarm. Close this one, and create one with that invite. */
  moved: { readonly invite: string };
}

/** A swarm that this tab takes part in: as a guest that asks, and as a node that serves once it has joined. */
export interface Swarm {
  /** WebLLM's interface. Asked before every layer is served, it waits. */
  readonly engine: Engine;
  readonly peerId: string;
  readonly model: ModelSummary;
  /** Whether every layer is served, what is missing, and who this tab is. */
  readonly summary: SwarmSummary;
  /** The model's shards: how far each is in this tab, and how many members serve it. */
  readonly shards: readonly ShardRow[];
  /** The swarm's nodes, this tab first once it has joined. */
  readonly members: readonly MemberRow[];
  /** @returns what removes the listener again */
  on<Name extends keyof SwarmEvents & string>(name: Name, listener: (payload: SwarmEvents[Name]) => void): Unsubscribe;
  /**
   * Fetches shards and serves them: those named, `all`, or with `auto` what the swarm lacks most, also later.
   * @throws ShoalError `storage-full`, `out-of-memory`, `hash-mismatch`, `not-admitted` as a guest of a private swarm
   */
  join(choice?: readonly number[] | 'auto' | 'all'): Promise<void>;
  /** Hands over what it serves, and is a guest again. */
  leave(): Promise<void>;
  /** Resolves when every layer is served by somebody. @throws the signal's reason */
  ready(signal?: AbortSignal): Promise<void>;
  /** Says goodbye and gives everything back but what is stored. The engine answers no more. */
  close(): Promise<void>;
}
