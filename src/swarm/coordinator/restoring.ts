import { log } from '../../core/log.ts';
import { type LayerRange, sameLayers } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { KeptConversation, KeptStage } from './kept-conversation.ts';

/** A conversation whose session was opened just now. */
export interface Resumable {
  readonly pipeline: {
    readonly route: readonly RouteStage[];
    readonly length: number;
    takeUp(held: number, wanted: number, signal?: AbortSignal): Promise<void>;
    close(): Promise<void>;
  };
  readonly ids: number[];
  kept: KeptConversation | undefined;
}

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
   * Goes on from what the stages have kept, as far as all of them have it and it is what is wanted.
   * @throws ShoalError as a stage that has not what it says; the session is closed then
   */
  async takeUp(conversation: Resumable, signal?: AbortSignal): Promise<void> {
    const { pipeline, ids } = conversation;
    const { route } = pipeline;
    const positions = route.map(({ peerId, layers }) => this.#restored.get(keyOf(peerId, layers)) ?? 0);
    const [least, most] = [Math.min(...positions), Math.max(...positions)];
    if (most === 0) return;
    try {
      await pipeline.takeUp(most, Math.min(least, this.#usable), signal);
    } catch (error) {
      await pipeline.close();
      throw error;
    }
    ids.push(...this.#kept.ids.slice(0, pipeline.length));
    if (least > 0) conversation.kept = this.#keptAlong(route);
    log.info('ROUTE', `${ids.length} tokens of the conversation were kept, and are not computed again.`);
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
