/** A half-open range `[start, end)` of layers. */
export interface LayerRange {
  readonly start: number;
  readonly end: number;
}

/** The numbers of the layers. */
export function layersIn({ start, end }: LayerRange): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

export function sameLayers(one: LayerRange, other: LayerRange): boolean {
  return one.start === other.start && one.end === other.end;
}

/** `0-7` for `[0, 8)`: the inclusive form that people read. */
export function formatLayers(layers: LayerRange): string {
  return layers.end - layers.start === 1 ? `${layers.start}` : `${layers.start}-${layers.end - 1}`;
}

/** Neighbouring ranges joined: `[16, 23)` and `[23, 30)` are `[16, 30)`. */
export function mergeRanges(ranges: readonly LayerRange[]): LayerRange[] {
  const merged: LayerRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && last.end >= range.start) merged[merged.length - 1] = { start: last.start, end: range.end };
    else merged.push(range);
  }
  return merged;
}
