import { usePage } from '../page-state.ts';
import { whyNotReady } from '../status-words.ts';

/** Where the prompt is typed; says why it cannot be sent when it cannot. */
export function Composer() {
  const page = usePage();
  const { model, draft } = page;
  const busy = model.busy.value;
  const reason = whyNotReady(page.situation.value);
  const empty = draft.value.trim() === '';
  const send = () => {
    if (busy || empty || reason !== undefined) return;
    const text = draft.value.trim();
    draft.value = '';
    page.show('chat');
    page.perform(() => model.send(text));
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-box">
        <label class="visually-hidden" for="prompt">
          Prompt
        </label>
        <textarea
          id="prompt"
          data-testid="prompt"
          rows={1}
          placeholder="Type a prompt"
          aria-describedby="prompt-hint"
          value={draft.value}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
          }}
          onKeyDown={(event) => {
            // Enter also ends an input method's composition; that is not a wish to send.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {busy ? (
          <button type="button" class="strong" data-testid="stop" onClick={() => model.stop()}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary" data-testid="send" disabled={empty || reason !== undefined}>
            Send
          </button>
        )}
      </div>
      <div class="composer-foot">
        <p id="prompt-hint" class="composer-hint muted" data-blocked={reason !== undefined}>
          {reason ?? (busy ? 'Escape stops the answer.' : 'Enter sends, Shift+Enter makes a new line.')}
        </p>
        {model.messages.value.length > 0 && (
          <button type="button" data-testid="new-conversation" onClick={() => model.newConversation()}>
            New conversation
          </button>
        )}
      </div>
    </form>
  );
}
