import { usePage } from '../page-state.ts';
import { Composer } from './composer.tsx';
import { Examples } from './examples.tsx';
import { Transcript } from './transcript.tsx';

/** The conversation and the prompt below it. */
export function Chat() {
  const { phase, view, canAsk } = usePage();
  return (
    <section class="chat" aria-label="Chat">
      <Transcript />
      {/* Shards load: there is time to ask, and no conversation yet that would offer it. */}
      {phase.value === 'setup' && view.value === 'swarm' && canAsk.value && (
        <div class="early-examples">
          <Examples />
        </div>
      )}
      <Composer />
    </section>
  );
}
