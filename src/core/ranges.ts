/** A half-open range `[start, end)` of layers. */
export interface LayerRange {
  readonly start: number;
  readonly end: number;
}

/** `0-7` for `[0, 8)`: the inclusive form that people read. */
export function formatLayers(layers: LayerRange): string {
  return layers.end - layers.start === 1 ? `${layers.start}` : `${layers.start}-${layers.end - 1}`;
}
