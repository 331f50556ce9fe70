import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { ChatHead } from './chat-head.tsx';
import { Composer } from './composer.tsx';
import { Examples } from './examples.tsx';
import { Transcript } from './transcript.tsx';

/** The conversation and the prompt below it. */
export function Chat() {
  const { phase, view, canAsk, model } = usePage();
  // They come with the click that starts the loading, not later by themselves.
  const begun = canAsk.value || model.shards.value.some(({ state }) => state !== 'absent' && state !== 'error');
  return (
    <section class="chat" aria-label={words().page.chat}>
      {phase.value === 'chat' && <ChatHead />}
      <Transcript />
      {/* Shards load: there is time to ask, and no conversation yet that would offer it. */}
      {phase.value === 'setup' && view.value === 'swarm' && begun && (
        <div class="early-examples">
          <Examples />
        </div>
      )}
      <Composer />
    </section>
  );
}
