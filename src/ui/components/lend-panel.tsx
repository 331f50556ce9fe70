import { formatBytes, formatCount } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** What this device does for others: whether it does, the totals, and a way to pause. */
export function LendPanel() {
  const { model } = usePage();
  const { lend } = model.settings.value;
  const { paused, totals } = model.lending.value;
  if (model.admission.value === 'guest') return null;
  const said = words().lend;
  return (
    <section class="card" aria-labelledby="lend-title">
      <div class="card-head">
        <h2 id="lend-title">{said.title}</h2>
        <button
          type="button"
          data-testid="lend-pause"
          onClick={() => model.changeSettings({ lend: { ...lend, paused: !lend.paused } })}
        >
          {lend.paused ? said.again : said.pause}
        </button>
      </div>
      <p data-testid="lend-state" data-paused={paused ?? ''} role="status">
        {paused ? said.paused[paused] : said.open}
      </p>
      <p class="muted" data-testid="lend-totals">
        {said.totals(
          tokens(totals.computedTokens),
          formatBytes(totals.sentBytes),
          tokens(totals.takenTokens),
          formatBytes(totals.receivedBytes),
        )}
      </p>
    </section>
  );
}

/** Of the whole model; a stage computes its layers' part of each. */
function tokens(count: number): string {
  return formatCount(count, count < 10 ? 1 : 0);
}
