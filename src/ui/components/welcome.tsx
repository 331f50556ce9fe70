import { formatBytes } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { RunAllButton } from './join-controls.tsx';

/** The first screen: what this is in a sentence, and the way in with one click. */
export function Welcome() {
  const { model } = usePage();
  const summary = model.model.value;
  const { page, welcome } = words();
  return (
    <section class="welcome">
      <p class="welcome-lead">{page.about}</p>
      <div class="welcome-start">
        <RunAllButton primary />
        <p class="muted">
          {welcome.fetches(summary ? formatBytes(summary.totalBytes) : welcome.theModel)}{' '}
          {model.swarm.value.state === 'ready' ? welcome.noNeed : welcome.orShare}
        </p>
      </div>
    </section>
  );
}
