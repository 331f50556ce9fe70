import * as v from 'valibot';

const STORAGE_KEY = 'shoal-place';
const placeSchema = v.object({ manifestId: v.string(), shards: v.array(v.number()) });

/** The shards this browser served last, so that a reopened tab takes its place again by itself. */
export const savedPlace = {
  read(manifestId: string): readonly number[] {
    try {
      const result = v.safeParse(placeSchema, JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null'));
      return result.success && result.output.manifestId === manifestId ? result.output.shards : [];
    } catch {
      return [];
    }
  },
  write(manifestId: string, shards: readonly number[]): void {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ manifestId, shards }));
  },
  clear(): void {
    localStorage.removeItem(STORAGE_KEY);
  },
};
