import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/** A signal's value at most once in `intervalMs`, the latest always shown: figures that change faster cannot be read. */
export function useSettled<T>(source: ReadonlySignal<T>, intervalMs: number): T {
  const [value, setValue] = useState(source.peek());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shownAt = 0;
    const show = () => {
      clearTimeout(timer);
      timer = undefined;
      shownAt = performance.now();
      setValue(() => source.peek());
    };
    const stop = source.subscribe(() => {
      const waitMs = shownAt + intervalMs - performance.now();
      if (waitMs <= 0) show();
      else timer ??= setTimeout(show, waitMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [source, intervalMs]);
  return value;
}
