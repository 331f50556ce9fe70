import type { LayerRange } from '../../core/ranges.ts';

/** What a stage has kept of a conversation. */
export interface KeptStage {
  readonly layers: LayerRange;
  /** 32 hexadecimal digits; each stage has another, so that none can ask for what is at the next. */
  readonly name: string;
  /** The node that has it; this tab itself when absent, whatever its peer id is by now. */
  readonly peerId?: string | undefined;
}

/** A conversation's caches at its stages, in their storage, and the tokens that they hold. */
export interface KeptConversation {
  readonly ids: readonly number[];
  readonly stages: readonly KeptStage[];
}

/** Where this tab notes what its conversations have kept elsewhere. */
export interface CheckpointShelf {
  /** Undefined where nothing is noted, or it is so old that nobody has it any more. */
  read(key: string): Promise<KeptConversation | undefined>;
  write(key: string, kept: KeptConversation): Promise<void>;
  remove(key: string): Promise<void>;
}
