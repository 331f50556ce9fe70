import { formatBytes } from '../../core/format.ts';
import { usePage } from '../page-state.ts';
import { RunAllButton } from './join-controls.tsx';

/** The first screen: what this is in a sentence, and the way in with one click. */
export function Welcome() {
  const { model } = usePage();
  const summary = model.model.value;
  return (
    <section class="welcome">
      <p class="welcome-lead">
        Shoal runs one large language model across many browser tabs: each tab holds some of its layers, and together
        they answer your prompts.
      </p>
      <div class="welcome-start">
        <RunAllButton primary />
        <p class="muted">
          Fetches {summary ? formatBytes(summary.totalBytes) : 'the model'} into this tab, which then answers alone.{' '}
          {model.swarm.value.state === 'ready'
            ? 'There is no need to: the tabs of this swarm run all of it, and answer what you type below.'
            : 'Or take a part below and invite other tabs to take the rest.'}
        </p>
      </div>
    </section>
  );
}
