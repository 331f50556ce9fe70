import * as v from 'valibot';
import { lastingItems } from './lasting-items.ts';

const STORAGE_KEY = 'shoal-place';
const placeSchema = v.object({
  manifestId: v.string(),
  shards: v.array(v.number()),
  auto: v.optional(v.boolean(), false),
});

function stored(manifestId: string): v.InferOutput<typeof placeSchema> | undefined {
  try {
    const result = v.safeParse(placeSchema, JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null'));
    return result.success && result.output.manifestId === manifestId ? result.output : undefined;
  } catch {
    return undefined;
  }
}

/** The shards this browser served last, so that a reopened tab takes its place again by itself. */
export const savedPlace = {
  read(manifestId: string): readonly number[] {
    return stored(manifestId)?.shards ?? [];
  },
  /** Whether the choice of shards was left to the node. */
  isAuto(manifestId: string): boolean {
    return stored(manifestId)?.auto ?? false;
  },
  write(manifestId: string, shards: readonly number[], auto: boolean): void {
    lastingItems()?.setItem(STORAGE_KEY, JSON.stringify({ manifestId, shards, auto }));
  },
  clear(): void {
    lastingItems()?.removeItem(STORAGE_KEY);
  },
};
