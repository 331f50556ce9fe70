import type { LayerRange } from '../../core/ranges.ts';
import type { HiddenFormat } from '../../protocol/hidden-formats.ts';
import type { CommandClient } from '../frames/command-client.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import type { RowStatements } from '../frames/row-statements.ts';
import type { TrackRecords } from '../route/track-records.ts';

/** What a session's stages are reached by. */
export interface PipelineDependencies {
  readonly exchange: FrameExchange;
  readonly commands: CommandClient;
  /** What this tab has seen of the nodes that its sessions ran through. */
  readonly records: TrackRecords;
  readonly routes: {
    /** Others than `peerId` that serve all of these layers now: the best to compute them again first. */
    holders(layers: LayerRange, peerId: string): string[];
    /** Whether others than those serve these layers now, and have been heard of lately. */
    hasSpare(without: ReadonlySet<string>, layers: LayerRange): boolean;
  };
  /** V */
  readonly vocabularySize: number;
  /** C */
  readonly width: number;
  /** SHA-256 over rows `[T, C]` or tokens, as stages keep it of what comes and goes. */
  readonly digest: (values: Float32Array | Uint32Array) => Promise<string>;
  /** What stages say of their rows. */
  readonly statements: Pick<RowStatements, 'isBy'>;
  /** The coarsest format in which hidden states may travel; f32 when absent. */
  readonly wire?: () => HiddenFormat;
}
