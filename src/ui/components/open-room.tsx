import '../styles/room.css';
import { useSignal } from '@preact/signals';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { useModal } from '../hooks/use-modal.ts';
import { usePage } from '../page-state.ts';

/** Opens the conversation that is shown to everybody, once the person has read what that means. */
export function OpenRoom() {
  const { model } = usePage();
  const asking = useSignal(false);
  const others = model.members.value.some(({ self }) => !self);
  // The swarm hears of rooms of its nodes only.
  const heard = others && model.swarm.value.role === 'node';
  if (!heard || model.rooms.hosted.value !== undefined || model.rooms.followed.value) return null;
  return (
    <>
      <button type="button" data-testid="open-as-room" onClick={() => (asking.value = true)}>
        {laterWords().rooms.openToAll}
      </button>
      {asking.value && <Question onClose={() => (asking.value = false)} />}
    </>
  );
}

function Question({ onClose }: { onClose: () => void }) {
  const page = usePage();
  const dialog = useModal();
  const said = laterWords().rooms;
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="question" aria-labelledby="room-title" data-testid="room-question" onClose={onClose}>
      <h2 id="room-title">{said.question}</h2>
      <p>{said.meaning}</p>
      <div class="buttons">
        <button
          type="button"
          class="primary"
          data-testid="room-yes"
          onClick={() => {
            close();
            page.perform(() => page.model.rooms.open());
          }}
        >
          {said.yes}
        </button>
        <button type="button" onClick={close}>
          {words().cancel}
        </button>
      </div>
    </dialog>
  );
}
