import { signal } from '@preact/signals';
import type { ShoalError } from '../core/errors.ts';
import type { SwarmNode } from '../swarm/node.ts';
import { type ServeReport, type Shortage, serveWhatFits } from '../swarm/shards/serve-what-fits.ts';
import { formatBytes, shardNames } from '../words/format.ts';
import { words } from '../words/words.ts';
import { SavedPlace } from './saved-place.ts';
import type { SwarmSession } from './swarm-session.ts';

export interface TabPlaceOptions {
  /** This tab's node, once it has connected. */
  readonly connected: Promise<SwarmNode>;
  /** Told when it is known what this tab served last, and takes up again. */
  readonly onKnown: () => void;
  /** Told that there is no room for a shard. */
  readonly onShortage: (text: string) => void;
  /** Told why a shard is not served. @param about - which, to stand before the error's own text */
  readonly onFailure: (error: ShoalError, about: string) => void;
}

/** The shards that this tab serves: chosen, served, remembered, and taken up again. */
export class TabPlace {
  /** Whether it hears what the others have, to take what they lack. */
  readonly choosing = signal(false);
  readonly #options: TabPlaceOptions;
  #saved: SavedPlace | undefined;

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
    // Before it is there: a page that is opened again in mid-download goes on with it, or with its pause.
    this.#saved?.write([...new Set([...session.keeper.ready(), ...chosen])], auto);
    const { withoutRoom } = await this.#serve(session, chosen);
    const kept = chosen.filter((index) => !withoutRoom.includes(index));
    this.#saved?.write([...new Set([...session.keeper.ready(), ...kept])], auto);
  }

  /**
   * Loads the shards that this tab served last and the browser still has, before anything is said in the network.
   * @returns all that it served last, and whether the node chose them
   */
  async loadKept(session: SwarmSession): Promise<{ readonly shards: readonly number[]; readonly auto: boolean }> {
    const { store, model } = session;
    const { onKnown } = this.#options;
    if (!session.keepsData) {
      onKnown();
      return { shards: [], auto: false };
    }
    const saved = await SavedPlace.claim(model.home);
    this.#saved = saved;
    const shards = saved.shards.filter((index) => index < model.manifest.shards.length);
    const stored = await Promise.all(shards.map((index) => store.isComplete(model.manifest.shards[index]!)));
    // What is seen of it: the shards that load.
    const stopListening = session.keeper.onChange(onKnown);
    const serving = this.#serve(
      session,
      shards.filter((_, at) => stored[at]),
    );
    if (!stored.includes(true)) onKnown();
    await serving.finally(stopListening);
    onKnown();
    return { shards, auto: saved.auto };
  }

  /** Gives the place up: the tab is not to take it again by itself. */
  forget(): void {
    this.#saved?.clear();
  }

  /** Serves what fits, and says what does not, and what failed. */
  async #serve(session: SwarmSession, chosen: readonly number[]): Promise<ServeReport> {
    const { keeper, store, model } = session;
    const onShortage = (shortage: Shortage) => this.#options.onShortage(shortageText(shortage));
    const report = await serveWhatFits({ keeper, store, manifest: model.manifest, onShortage }, chosen);
    // The tokenizer comes with shard 0, and is made ready before there is a prompt.
    if (report.served.includes(0)) session.text().catch(() => undefined);
    for (const { index, error } of report.failed) {
      if (error.code !== 'aborted') this.#options.onFailure(error, `Shard ${index}: `);
    }
    return report;
  }
}

function shortageText({ shards, neededBytes, freeBytes }: Shortage): string {
  const free = freeBytes === undefined ? undefined : formatBytes(freeBytes);
  return words().shard.noRoom(shardNames(shards), formatBytes(neededBytes), free);
}
