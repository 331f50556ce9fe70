import { useSignal } from '@preact/signals';
import { formatBytes } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { RunAllButton } from './join-controls.tsx';

export const joinForecast = lazyComponent(async () => (await import('./later-parts.ts')).JoinForecast);

/** The first screen: what this is in a sentence, and the way in with one click. */
export function Welcome() {
  const { model } = usePage();
  const summary = model.model.value;
  const { state } = model.swarm.value;
  // A link to nothing, or a server that is away: an alert says which.
  const leadsNowhere = state === 'offline' && summary === undefined;
  const { page, welcome } = words();
  return (
    <section class="welcome">
      <p class="welcome-lead">{page.about}</p>
      {!leadsNowhere && (
        <div class="welcome-start">
          <RunAllButton primary />
          <p class="muted">
            {welcome.fetches(summary ? formatBytes(summary.totalBytes) : welcome.theModel)}{' '}
            {state === 'ready' ? welcome.noNeed : welcome.orShare}
          </p>
          <Foretold />
        </div>
      )}
    </section>
  );
}

/** What it would be like here: told when it was measured, which takes two seconds of the device's time. */
function Foretold() {
  const asked = useSignal(false);
  const Told = joinForecast.component.value;
  const { welcome } = words();
  if (asked.value && Told) return <Told />;
  return (
    <p class="muted">
      {welcome.forecast}{' '}
      <button
        type="button"
        class="welcome-measure"
        data-testid="foretell"
        disabled={asked.value}
        onClick={() => {
          asked.value = true;
          void joinForecast.load();
        }}
      >
        {welcome.measure}
      </button>
    </p>
  );
}
