import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PromptSize } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import type { Attachment } from '../attachments.ts';
import { usePage } from '../page-state.ts';

/** Files whose text goes with the prompt, each with its length, and the way to add one. */
export function AttachmentBar() {
  const page = usePage();
  const attachments = page.attachments.value;
  const said = laterWords().attach;
  const takeOut = (taken: Attachment) => {
    page.attachments.value = attachments.filter((attachment) => attachment !== taken);
  };
  return (
    <>
      {attachments.length > 0 && (
        <ul class="attachments" aria-label={said.files}>
          {attachments.map((attachment) => (
            <li key={attachment.name} class="attachment" data-testid="attachment">
              <span dir="auto">{attachment.name}</span>
              <Length text={attachment.text} />
              <button type="button" aria-label={said.takeOut(attachment.name)} onClick={() => takeOut(attachment)}>
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <label class="button attach">
        {said.attach}
        <input
          type="file"
          multiple
          class="visually-hidden"
          data-testid="attach"
          aria-label={said.label}
          onChange={({ currentTarget }) => {
            for (const file of currentTarget.files ?? []) page.attach(file);
            // So that the same file can be chosen again.
            currentTarget.value = '';
          }}
        />
      </label>
    </>
  );
}

function Length({ text }: { text: string }) {
  const { model } = usePage();
  const size = useSignal<PromptSize | undefined>(undefined);
  useEffect(() => {
    model.textSize(text).then(
      (counted) => (size.value = counted),
      // Before the tokenizer is there nothing is counted.
      () => undefined,
    );
  }, [text, model]);
  if (!size.value) return null;
  const { tokens, exact } = size.value;
  return <small>{laterWords().attach.tokens(exact, tokens)}</small>;
}
