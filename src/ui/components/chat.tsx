import { useEffect } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { ChatHead } from './chat-head.tsx';
import { Composer } from './composer.tsx';
import { Examples } from './examples.tsx';
import { Transcript } from './transcript.tsx';

export const roomBar = lazyComponent(async () => (await import('./room-bar.tsx')).RoomBar);

/** The conversation and the prompt below it. */
export function Chat() {
  const { phase, view, canAsk, model } = usePage();
  // They come with the click that starts the loading, not later by themselves.
  const begun = canAsk.value || model.shards.value.some(({ state }) => state !== 'absent' && state !== 'error');
  const Rooms = roomBar.component.value;
  const { followed, hosted } = model.rooms;
  const room =
    followed.value !== undefined ||
    hosted.value !== undefined ||
    model.members.value.some((member) => member.room && !member.self);
  useEffect(() => {
    if (room) void roomBar.load();
  }, [room]);
  return (
    <section class="chat" aria-label={words().page.chat}>
      {phase.value === 'chat' && <ChatHead />}
      {room && Rooms && <Rooms />}
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
