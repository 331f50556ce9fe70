import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LapMean } from '../../app/app-model.ts';
import { stageNow } from '../stage-now.ts';

/** Less than three changes a second: what flashes faster may harm. */
const LOOK_MS = 400;

/** The stage that has the token, looked at a few times a second; never for those who want nothing to move. */
export function useStageNow(lap: ReadonlySignal<LapMean | undefined>): Signal<number | undefined> {
  const now = useSignal<number | undefined>(undefined);
  useEffect(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)');
    const look = () => {
      const newest = lap.peek();
      const shown = newest && !document.hidden && !still.matches;
      now.value = shown ? stageNow(newest, performance.now()) : undefined;
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [lap, now]);
  return now;
}
