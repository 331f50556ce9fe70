import { ShoalError } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { MAX_NEXT_NODES, MAX_NEXT_NODES_PER_PEER } from '../../protocol/limits.ts';
import type { CommandClient } from '../frames/command-client.ts';
import type { StageSession } from './stage-sessions.ts';

/** Nodes named for so long count. */
const WINDOW_MS = 60_000;

/**
 * The nodes that this one sends outputs to because a coordinator said so. A word of a coordinator makes this tab connect
 * and send megabytes: so the nodes that it names are counted, and each must have said that it expects them.
 */
export class NextNodes {
  readonly #commands: () => Pick<CommandClient, 'send'>;
  /** By coordinator and node: when it was named last. The oldest first. */
  readonly #named = new Map<string, { readonly coordinator: string; readonly atMs: number }>();

  constructor(commands: () => Pick<CommandClient, 'send'>) {
    this.#commands = commands;
  }

  /** @throws ShoalError `limit-exceeded` when the coordinator, or all together, have named too many of late */
  admit(coordinator: string, nodes: readonly string[]): void {
    const nowMs = performance.now();
    for (const [key, { atMs }] of this.#named) {
      if (nowMs - atMs <= WINDOW_MS) break;
      this.#named.delete(key);
    }
    for (const node of nodes) {
      const key = `${coordinator} ${node}`;
      const own = [...this.#named.values()].filter((named) => named.coordinator === coordinator).length;
      if (!this.#named.delete(key) && (own >= MAX_NEXT_NODES_PER_PEER || this.#named.size >= MAX_NEXT_NODES)) {
        throw new ShoalError(
          'limit-exceeded',
          `${own} of ${this.#named.size} nodes that this one was to send to in the last minute are yours. Try again in a minute.`,
        );
      }
      this.#named.set(key, { coordinator, atMs: nowMs });
    }
  }

  /**
   * Resolves when outputs of the session may go to `next`: its coordinator has named it, and it expects them.
   * @throws ShoalError `bad-request` when it is not named, as the node answers
   */
  async agreed(session: StageSession, next: RouteStage): Promise<void> {
    const { peerId, layers } = next;
    if (!session.neighbours.after.includes(peerId) || layers.start !== session.layers.end) {
      throw new ShoalError(
        'bad-request',
        `Session ${session.id} does not go on from here to ${peerId} with layers from ${layers.start}.`,
      );
    }
    let asked = session.awaited.get(peerId);
    if (!asked) {
      asked = this.#commands()
        .send(peerId, 'AWAIT_SESSION', { session: session.id, layers })
        .then(() => undefined);
      session.awaited.set(peerId, asked);
      asked.catch(() => session.awaited.delete(peerId));
    }
    return asked;
  }
}
