import type { LayerRange } from '../../core/ranges.ts';
import type { HiddenFormat } from '../../protocol/hidden-formats.ts';
import type { CommandClient } from '../frames/command-client.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import type { TrackRecords } from '../route/track-records.ts';

/** What a session's stages are reached by. */
export interface PipelineDependencies {
  readonly exchange: FrameExchange;
  readonly commands: CommandClient;
  /** What this tab has seen of the nodes that its sessions ran through. */
  readonly records: TrackRecords;
  readonly routes: {
    /** Whether others than those serve these layers now, and have been heard of lately. */
    hasSpare(without: ReadonlySet<string>, layers: LayerRange): boolean;
  };
  /** V */
  readonly vocabularySize: number;
  /** The coarsest format in which hidden states may travel; f32 when absent. */
  readonly wire?: () => HiddenFormat;
}
