import type { TimelineRow } from '../../app/app-model.ts';
import { formatClock } from '../../core/format.ts';
import { usePage } from '../page-state.ts';
import { eventWords } from '../timeline-words.ts';

/** What the answers of this tab met on their way: who left, who took over, what was waited for. The newest first. */
export function Timeline() {
  const { model } = usePage();
  const rows = model.timeline.value;
  if (rows.length === 0) return null;
  const self = model.swarm.value.peerId;
  return (
    <section class="card" data-testid="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">What happened on the way</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol class="timeline-rows" tabIndex={0} aria-labelledby="timeline-title">
        {rows.map((row) => (
          <Row key={row.id} row={row} self={self} />
        ))}
      </ol>
    </section>
  );
}

function Row({ row: { timeMs, event }, self }: { row: TimelineRow; self: string }) {
  const { kind, headline, facts } = eventWords(event, self);
  return (
    <li class="timeline-row" data-testid="timeline-row" data-kind={kind}>
      <p>{headline}</p>
      <p class="muted timeline-facts">{[formatClock(timeMs), ...facts].join(' · ')}</p>
    </li>
  );
}
