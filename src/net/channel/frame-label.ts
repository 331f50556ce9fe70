/** Where a frame's number of the one before it in its lane stands when there is none. */
export const NO_FRAME = 0xffff_ffff;

/** What travels with every part of a frame. */
export interface FrameLabel {
  /** Its number on this channel, counted up from 0. */
  readonly id: number;
  /** The frame before it in its lane, which it must not overtake; or `NO_FRAME`. */
  readonly previous: number;
  /** Bytes of the whole frame. */
  readonly total: number;
}
