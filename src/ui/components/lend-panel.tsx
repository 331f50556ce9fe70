import type { LendState } from '../../app/app-model.ts';
import { formatBytes } from '../../core/format.ts';
import { usePage } from '../page-state.ts';

/** What this device does for others: whether it does, the totals, and a way to pause. */
export function LendPanel() {
  const { model } = usePage();
  const { lend } = model.settings.value;
  const { paused, totals } = model.lending.value;
  if (model.admission.value === 'guest') return null;
  return (
    <section class="card" aria-labelledby="lend-title">
      <div class="card-head">
        <h2 id="lend-title">What I lend</h2>
        <button
          type="button"
          data-testid="lend-pause"
          onClick={() => model.changeSettings({ lend: { ...lend, paused: !lend.paused } })}
        >
          {lend.paused ? 'Lend again' : 'Pause'}
        </button>
      </div>
      <p data-testid="lend-state" data-paused={paused ?? ''} role="status">
        {paused ? PAUSED_WORDS[paused] : 'Other tabs may use what this one holds. The settings say how much.'}
      </p>
      <p class="muted" data-testid="lend-totals">
        Given: {tokens(totals.computedTokens)} computed for others, {formatBytes(totals.sentBytes)} sent. Taken:{' '}
        {tokens(totals.takenTokens)} computed by others, {formatBytes(totals.receivedBytes)} received.
      </p>
    </section>
  );
}

const PAUSED_WORDS: Readonly<Record<NonNullable<LendState['paused']>, string>> = {
  owner: 'Paused: answers of others move to other tabs, and your own go on.',
  battery: 'Paused while this device runs on its battery, as the settings say.',
  'in-use': 'Paused while you use this device, as the settings say.',
};

/** Of the whole model; a stage computes its layers' part of each. */
function tokens(count: number): string {
  return `${count.toLocaleString('en', { maximumFractionDigits: count < 10 ? 1 : 0 })} tokens`;
}
