import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PromptSize } from '../../app/app-model.ts';
import { words } from '../../words/words.ts';
import { textAfter, whyTooLong } from '../bounded-input.ts';
import { usePromptSize } from '../hooks/use-prompt-size.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { isPressed } from '../shortcuts.ts';

export const attachmentBar = lazyComponent(async () => (await import('./attachment-bar.tsx')).AttachmentBar);

/** Fewer come of a key or an input method, and stop no page. */
const MIN_CHECKED_CHARS = 256;

/** Where the prompt is typed; says why it cannot be sent when it cannot. */
export function Composer() {
  const page = usePage();
  const { model, draft } = page;
  const busy = model.busy.value;
  const messages = model.messages.value;
  const size = usePromptSize().value;
  const contextLength = model.model.value?.contextLength ?? 0;
  const tooLong = size !== undefined && size.tokens >= contextLength;
  const hindered = page.hindrance.value;
  const empty = page.prompt.value === '';
  const Attachments = attachmentBar.component.value;
  const attached = page.attachments.value.length > 0;
  useEffect(() => {
    if (attached) void attachmentBar.load();
  }, [attached]);
  const blocked = empty || tooLong || !page.canAsk.value;
  /** What the last input was refused for. */
  const refused = useSignal<string | undefined>(undefined);
  const send = () => {
    if (blocked) return;
    page.askDraft();
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
          {words().chat.prompt}
        </label>
        <textarea
          id="prompt"
          data-testid="prompt"
          rows={1}
          dir="auto"
          placeholder={words().chat.placeholder}
          aria-describedby="prompt-hint"
          value={draft.value}
          onFocus={() => void attachmentBar.load()}
          onBeforeInput={(event) => {
            refused.value = undefined;
            // A letter more is counted when typing pauses.
            if ((event.data?.length ?? 0) < MIN_CHECKED_CHARS) return;
            const text = textAfter(event);
            const fewest = model.fewestTokens(text);
            if (fewest >= contextLength) refused.value = sizeWords({ tokens: fewest, exact: false }, contextLength);
            else refused.value = whyTooLong(text);
            if (refused.value !== undefined) event.preventDefault();
          }}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (!isPressed('send', event)) return;
            event.preventDefault();
            send();
          }}
        />
        {busy && !model.rooms.followed.value ? (
          <button type="button" class="strong" data-testid="stop" onClick={() => model.stop()}>
            {words().chat.stop}
          </button>
        ) : (
          <button type="submit" class="primary" data-testid="send" disabled={blocked}>
            {words().chat.send}
          </button>
        )}
      </div>
      <div class="composer-foot">
        <p
          id="prompt-hint"
          class="composer-hint muted"
          data-blocked={hindered !== undefined || tooLong || refused.value !== undefined}
        >
          {hindered?.words ??
            refused.value ??
            (size && sizeWords(size, contextLength)) ??
            (busy ? words().chat.escapeStops : words().chat.enterSends)}
        </p>
        {Attachments && <Attachments />}
        {tooLong && !model.rooms.followed.value && messages.some(({ leftOut }) => !leftOut) && (
          <button type="button" onClick={() => page.perform(() => model.leaveOutOldest(page.prompt.value))}>
            {words().chat.leaveOutOldest}
          </button>
        )}
      </div>
    </form>
  );
}

/** E.g. "9030 of 8192 tokens: shorten it." */
function sizeWords({ tokens, exact }: PromptSize, contextLength: number): string {
  return words().chat.size(exact, tokens, contextLength);
}
