import '../styles/timeline.css';
import type { TimelineRow } from '../../app/app-model.ts';
import { formatClock } from '../../core/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';
import type { TabNames } from '../tab-names.ts';
import { eventWords } from '../timeline-words.ts';
import { LogText } from './log-text.tsx';

/** What the answers of this tab met on their way: who left, who took over, what was waited for. The newest first. */
export function Timeline() {
  const { model, names } = usePage();
  const rows = model.timeline.value;
  if (rows.length === 0) return null;
  return (
    <section class="card" data-testid="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{laterWords().timeline.title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol class="timeline-rows" tabIndex={0} aria-labelledby="timeline-title">
        {rows.map((row) => (
          <Row key={row.id} row={row} names={names.value} />
        ))}
      </ol>
    </section>
  );
}

function Row({ row: { timeMs, event }, names }: { row: TimelineRow; names: TabNames }) {
  const { kind, headline, facts, why, detail } = eventWords(event, names);
  return (
    <li class="timeline-row" data-testid="timeline-row" data-kind={kind}>
      <p>{headline}</p>
      <p class="muted timeline-facts">
        {[formatClock(timeMs), ...facts, ...(why ? [why] : [])].join(' · ')}
        {detail !== undefined && (
          <>
            {' · '}
            <LogText text={detail} />
          </>
        )}
      </p>
    </li>
  );
}
