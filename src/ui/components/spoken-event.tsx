import { useComputed } from '@preact/signals';
import { usePage } from '../page-state.ts';
import { eventWords } from '../timeline-words.ts';

/** The newest event of the timeline, for a screen reader. */
export function SpokenEvent() {
  const { model, names } = usePage();
  const headline = useComputed(() => {
    const newest = model.timeline.value[0];
    return newest ? eventWords(newest.event, names.value).headline : '';
  });
  return <>{headline}</>;
}
