import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { type Move, mayLeave, nextMove } from './next-move.ts';
import type { AssignMember, AssignShard } from './shard-need.ts';

/** What a rebalancer sees and does; the node provides it. */
export interface RebalancerOptions {
  readonly peerId: string;
  readonly shards: readonly AssignShard[];
  /** Everybody, this member among them; nobody who is about to leave. */
  readonly members: () => readonly AssignMember[];
  /** Fetches, verifies and loads a shard. */
  readonly serve: (shard: number) => Promise<void>;
  /** Frees a shard on the device. */
  readonly release: (shard: number) => Promise<void>;
  /** Whether an answer runs through the shard here. */
  readonly answering: (shard: number) => boolean;
  /** The shards that this member offers have changed. */
  readonly onOffer: () => void;
}

/** Presence has settled and a first answer has measured speeds by then; a swarm changes over minutes. */
const CHECK_MS = 30_000;
/** After a spare copy: everybody has heard of it by then, and of those that others took meanwhile. */
const CHECK_AFTER_COPY_MS = 5000;
/** After a move nothing for so long: what it changes must show in everybody's measurements first. */
const COOLDOWN_MS = 120_000;
/** An answer may go on so long through a shard that this member gives up; then its coordinator finds another holder. */
const RETIRE_PATIENCE_MS = 60_000;
const RETIRE_CHECK_MS = 1000;
/** Until this tab has fetched a shard itself: a slow home connection, bytes a second. */
const UNMEASURED_BYTES_PER_SECOND = 1_000_000;

/** Keeps an "auto" member where the swarm needs it: looks around now and then, takes a spare copy, or moves. */
export class Rebalancer {
  readonly #options: RebalancerOptions;
  /** Shards that are loaded here, and offered to nobody any more. */
  readonly #retiring = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #restUntilMs = 0;
  #bytesPerSecond = UNMEASURED_BYTES_PER_SECOND;

  constructor(options: RebalancerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer === undefined) this.#checkIn(CHECK_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#retiring.clear();
  }

  /** Of the shards that are loaded, those that new sessions may use. */
  offered(ready: readonly number[]): number[] {
    return ready.filter((shard) => !this.#retiring.has(shard));
  }

  #checkIn(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const copied = await this.#check();
      if (this.#timer !== undefined) this.#checkIn(copied ? CHECK_AFTER_COPY_MS : CHECK_MS);
    }, pauseMs);
  }

  /** @returns whether it took a spare copy */
  async #check(): Promise<boolean> {
    const { peerId, shards, members } = this.#options;
    if (this.#busy || performance.now() < this.#restUntilMs) return false;
    const fetchSeconds = (shard: number) =>
      (shards.find(({ index }) => index === shard)?.sizeBytes ?? 0) / this.#bytesPerSecond;
    const move = nextMove(peerId, { shards, members: members(), fetchSeconds });
    if (!move) return false;
    this.#busy = true;
    let copied = false;
    try {
      if (move.kind === 'take') {
        log.info('ASSIGN', `Taking shard ${move.shard}: ${move.why}.`);
        await this.#fetch(move.shard);
        copied = true;
      } else {
        log.info('ASSIGN', `Moving from shard ${move.from} to shard ${move.to}: ${move.why}.`);
        await this.#move(move);
      }
    } catch (error) {
      log.warn('ASSIGN', `That failed: ${ShoalError.from(error).message}`);
    } finally {
      this.#busy = false;
      if (!copied) this.#restUntilMs = performance.now() + COOLDOWN_MS;
    }
    return copied;
  }

  async #move({ from, to, roomForBoth }: Extract<Move, { kind: 'move' }>): Promise<void> {
    if (roomForBoth) {
      await this.#fetch(to);
      await this.#retire(from);
    } else if (await this.#retire(from)) {
      await this.#fetch(to);
    }
  }

  async #fetch(shard: number): Promise<void> {
    const startedAtMs = performance.now();
    await this.#options.serve(shard);
    const seconds = Math.max(0.001, (performance.now() - startedAtMs) / 1000);
    this.#bytesPerSecond = this.#options.shards.find(({ index }) => index === shard)!.sizeBytes / seconds;
  }

  /**
   * Frees a shard once no answer runs through it.
   * @returns false when it stays, because its other holder has gone meanwhile
   */
  async #retire(shard: number): Promise<boolean> {
    const { peerId, members, answering, release, onOffer } = this.#options;
    this.#retiring.add(shard);
    onOffer();
    try {
      const deadlineMs = performance.now() + RETIRE_PATIENCE_MS;
      do await new Promise((resolve) => setTimeout(resolve, RETIRE_CHECK_MS));
      while (this.#timer !== undefined && answering(shard) && performance.now() < deadlineMs);
      if (this.#timer === undefined) return false;
      const free = mayLeave(peerId, shard, members());
      if (free) await release(shard);
      else log.info('ASSIGN', `Keeping shard ${shard}: its other holder has gone.`);
      return free;
    } finally {
      this.#retiring.delete(shard);
      onOffer();
    }
  }
}
