import { type LayerRange, sameLayers } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { KeptConversation, KeptStage } from './kept-conversation.ts';

/** A kept conversation whose stages are being opened, and what each of them says that it still has. */
export class Restoring {
  readonly #kept: KeptConversation;
  readonly #self: string;
  /** Positions, by peer and layers. */
  readonly #restored = new Map<string, number>();

  /** @param self - this tab's peer id */
  constructor(kept: KeptConversation, self: string) {
    this.#kept = kept;
    this.#self = self;
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

  /** Positions that stages of the route say that they have: the least, and the most of one. */
  along(route: readonly RouteStage[]): { readonly least: number; readonly most: number } {
    const positions = route.map(({ peerId, layers }) => this.#restored.get(keyOf(peerId, layers)) ?? 0);
    return { least: Math.min(...positions), most: Math.max(...positions) };
  }

  /** What the stages of this route have kept, all of which have restored it. */
  keptAlong(route: readonly RouteStage[]): KeptConversation {
    const stages = route.map(({ peerId, layers }): KeptStage => {
      return { layers, name: this.nameOf(layers)!, peerId: peerId === this.#self ? undefined : peerId };
    });
    return { ids: this.#kept.ids, stages };
  }
}

function keyOf(peerId: string, { start, end }: LayerRange): string {
  return `${peerId} ${start}-${end}`;
}
