import { type LayerRange, sameLayers } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { KeptConversation, KeptStage } from './kept-conversation.ts';

/** A kept conversation whose stages are being opened, and what each of them says that it still has. */
export class Restoring {
  readonly #kept: KeptConversation;
  readonly #self: string;
  /** Positions, by peer and layers. */
  readonly #restored = new Map<string, number>();

  readonly #usable: number;

  /**
   * @param usable - the first of its tokens that are wanted
   * @param self - this tab's peer id
   */
  constructor(kept: KeptConversation, usable: number, self: string) {
    this.#kept = kept;
    this.#usable = usable;
    this.#self = self;
  }

  get ids(): readonly number[] {
    return this.#kept.ids;
  }

  /** The nodes that have kept it, by their peer ids of now. */
  get peers(): ReadonlySet<string> {
    return new Set(this.#kept.stages.map(({ peerId = this.#self }) => peerId));
  }

  /** Under which name these layers are kept. */
  nameOf(layers: LayerRange): string | undefined {
    return this.#kept.stages.find((stage) => sameLayers(stage.layers, layers))?.name;
  }

  note({ peerId, layers }: RouteStage, positions: number): void {
    this.#restored.set(keyOf(peerId, layers), positions);
  }

  /**
   * What the stages of a route say that they have.
   * @returns the most positions of one, those that all have and that are wanted, and what all have kept, if they have
   */
  along(route: readonly RouteStage[]): {
    readonly held: number;
    readonly usable: number;
    readonly kept: KeptConversation | undefined;
  } {
    const positions = route.map(({ peerId, layers }) => this.#restored.get(keyOf(peerId, layers)) ?? 0);
    const least = Math.min(...positions);
    const kept = least > 0 ? this.#keptAlong(route) : undefined;
    return { held: Math.max(...positions), usable: Math.min(least, this.#usable), kept };
  }

  #keptAlong(route: readonly RouteStage[]): KeptConversation {
    const stages = route.map(({ peerId, layers }): KeptStage => {
      return { layers, name: this.nameOf(layers)!, peerId: peerId === this.#self ? undefined : peerId };
    });
    return { ids: this.#kept.ids, stages };
  }
}

function keyOf(peerId: string, { start, end }: LayerRange): string {
  return `${peerId} ${start}-${end}`;
}
