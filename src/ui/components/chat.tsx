import { Composer } from './composer.tsx';
import { Transcript } from './transcript.tsx';

/** The conversation and the prompt below it. */
export function Chat() {
  return (
    <section class="chat" aria-label="Chat">
      <Transcript />
      <Composer />
    </section>
  );
}
