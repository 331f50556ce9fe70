import { words } from '../../words/words.ts';
import { useStickToBottom } from '../hooks/use-stick-to-bottom.ts';
import { usePage } from '../page-state.ts';
import { Examples } from './examples.tsx';
import { Message } from './message.tsx';

/** The messages, the newest in sight unless the person has scrolled up. */
export function Transcript() {
  const { model } = usePage();
  const messages = model.messages.value;
  // Ids are the same in every conversation: an editor that is open in one is not in the next.
  const whose = model.rooms.followed.value?.peerId ?? model.conversations.current.value;
  const { scroller, content, stuck, toEnd } = useStickToBottom<HTMLElement, HTMLDivElement>();
  return (
    <div class="transcript-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={scroller} class="transcript" tabIndex={0} aria-label={words().chat.conversation}>
        <div ref={content} class="transcript-column">
          {messages.length === 0 ? (
            <EmptyTranscript />
          ) : (
            messages.map((message) => <Message key={`${whose}/${message.id}`} message={message} />)
          )}
        </div>
      </section>
      {!stuck && (
        <button type="button" class="to-end" onClick={toEnd}>
          {words().page.newest}
        </button>
      )}
    </div>
  );
}

function EmptyTranscript() {
  const { phase, view } = usePage();
  // Else it is not seen, and the examples stand above the prompt.
  const seen = phase.value === 'chat' || view.value === 'chat';
  return (
    <div class="empty-chat">
      <p class="welcome-lead">{words().page.about}</p>
      <p class="muted">{words().chat.serverNeverSees}</p>
      {seen && <Examples />}
    </div>
  );
}
