import { signal } from '@preact/signals';
import { ShoalError } from '../../core/errors.ts';
import type { SwarmNode } from '../../swarm/node.ts';
import { savedPlace } from './saved-place.ts';
import type { SwarmSession } from './swarm-session.ts';

export interface TabPlaceOptions {
  /** This tab's node, once it has connected. */
  readonly connected: Promise<SwarmNode>;
  /** Told why a shard is not served. */
  readonly onProblem: (text: string) => void;
}

/** The shards that this tab serves: chosen, served, remembered, and taken up again. */
export class TabPlace {
  /** Whether it hears what the others have, to take what they lack. */
  readonly choosing = signal(false);
  readonly #options: TabPlaceOptions;

  constructor(options: TabPlaceOptions) {
    this.#options = options;
  }

  /** @param count - how many shards the model has */
  async choose(choice: readonly number[] | 'auto' | 'all', count: number): Promise<readonly number[]> {
    if (choice === 'all') return Array.from({ length: count }, (_, index) => index);
    if (choice !== 'auto') return choice;
    this.choosing.value = true;
    try {
      // Only who takes what others lack must know the others first.
      const node = await this.#options.connected;
      const picked = await node.pickShard();
      return picked === undefined ? [] : [picked];
    } finally {
      this.choosing.value = false;
    }
  }

  /** Serves these shards, and remembers this tab's place. @param auto - whether the node chose them */
  async serveAll(session: SwarmSession, chosen: readonly number[], auto: boolean): Promise<void> {
    await Promise.all(chosen.map((index) => this.#serve(session, index)));
    savedPlace.write(session.model.manifestId, [...new Set([...session.keeper.ready(), ...chosen])], auto);
  }

  /**
   * Loads the shards that this browser served last and still has, before anything is said in the network.
   * @returns all that it served last
   */
  async loadKept(session: SwarmSession): Promise<number[]> {
    const { store, model } = session;
    const place = savedPlace.read(model.manifestId).filter((index) => index < model.manifest.shards.length);
    await Promise.all(
      place.map(async (index) => {
        if (await store.isComplete(model.manifest.shards[index]!)) await this.#serve(session, index);
      }),
    );
    return place;
  }

  /** Serves a shard, or says why not. With shard 0 comes the tokenizer, which is made ready before there is a prompt. */
  async #serve(session: SwarmSession, index: number): Promise<void> {
    try {
      await session.keeper.serve(index);
      if (index === 0) session.text().catch(() => undefined);
    } catch (error) {
      const { code, message } = ShoalError.from(error);
      if (code !== 'aborted') this.#options.onProblem(`Shard ${index}: ${message}`);
    }
  }
}
