import '../styles/room.css';
import { useSignal } from '@preact/signals';
import { useModal } from '../hooks/use-modal.ts';
import { usePage } from '../page-state.ts';

/** Opens the conversation that is shown to everybody, once the person has read what that means. */
export function OpenRoom() {
  const { model } = usePage();
  const asking = useSignal(false);
  const others = model.members.value.some(({ self }) => !self);
  if (!others || model.rooms.hosted.value !== undefined || model.rooms.followed.value) return null;
  return (
    <>
      <button type="button" data-testid="open-as-room" onClick={() => (asking.value = true)}>
        Open to all…
      </button>
      {asking.value && <Question onClose={() => (asking.value = false)} />}
    </>
  );
}

function Question({ onClose }: { onClose: () => void }) {
  const page = usePage();
  const dialog = useModal();
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="question" aria-labelledby="room-title" data-testid="room-question" onClose={onClose}>
      <h2 id="room-title">Open this conversation to everybody in the swarm?</h2>
      <p>
        They read all of it, see answers as they come, and may ask in it; your name stands beside your questions. It
        travels between tabs only, and ends when you close the room or this tab.
      </p>
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
          Open it
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
