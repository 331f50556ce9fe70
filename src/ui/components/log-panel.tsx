import { memo } from 'preact/compat';
import { formatClock } from '../../core/format.ts';
import type { LogLine } from '../../core/log.ts';
import { words } from '../../words/words.ts';
import { useStickToBottom } from '../hooks/use-stick-to-bottom.ts';
import { usePage } from '../page-state.ts';

/** Enough to see what happened, few enough to lay out in no time; the console has them all. */
const MAX_SHOWN_LINES = 400;

/** What this tab has done, newest last. */
export function LogPanel() {
  return (
    <details class="panel" open>
      <summary>{words().page.log}</summary>
      <div class="panel-body">
        <LogLines />
      </div>
    </details>
  );
}

function LogLines() {
  const lines = usePage().model.logLines.value.slice(-MAX_SHOWN_LINES);
  const { scroller, content, stuck, toEnd } = useStickToBottom<HTMLElement, HTMLOListElement>();
  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={scroller} class="log" data-testid="log" tabIndex={0} aria-label={words().page.logLines}>
        <ol ref={content} lang="en">
          {lines.map((line) => (
            <Line key={keyOf(line)} line={line} />
          ))}
        </ol>
      </section>
      {!stuck && (
        <button type="button" class="to-end" onClick={toEnd}>
          {words().page.newest}
        </button>
      )}
    </div>
  );
}

const Line = memo(function Line({ line: { timeMs, level, scope, text, count } }: { line: LogLine }) {
  return (
    <li data-level={level}>
      <time>{formatClock(timeMs)}</time> [{scope}] {text}
      {count !== undefined && <span class="muted"> {words().times(count)}</span>}
    </li>
  );
});

const keys = new WeakMap<LogLine, number>();
let nextKey = 0;

/** Lines have no id, and the list moves as old ones fall off. */
function keyOf(line: LogLine): number {
  let key = keys.get(line);
  if (key === undefined) {
    key = nextKey++;
    keys.set(line, key);
  }
  return key;
}
