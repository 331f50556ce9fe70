import { laterWords } from '../../words/later-words.ts';
import { farewellWords } from '../farewell-words.ts';
import { usePage } from '../page-state.ts';
import { isPressed } from '../shortcuts.ts';

/** What others lose when this tab leaves, before it does. @param onEnd - told when the person has decided */
export function FarewellNote({ onEnd }: { onEnd: () => void }) {
  const page = usePage();
  const { model } = page;
  const summary = model.farewell.value;
  const { text, wait } = farewellWords(summary);
  const decide = (action: () => Promise<void>) => {
    onEnd();
    page.perform(action);
  };
  const stay = () => {
    onEnd();
    model.stay();
  };
  return (
    <div
      class="farewell"
      data-testid="farewell"
      role="alertdialog"
      aria-label={laterWords().farewell.label}
      onKeyDown={(event) => isPressed('leave', event) && stay()}
    >
      <p>{text}</p>
      <div class="buttons">
        {wait && (
          <button
            type="button"
            class="strong"
            data-testid="leave-copied"
            onClick={() => decide(() => model.leaveWhenCopied())}
          >
            {wait}
          </button>
        )}
        <button type="button" class="danger" data-testid="leave-now" onClick={() => decide(() => model.leave())}>
          {laterWords().farewell.leaveNow}
        </button>
        <button type="button" data-testid="stay" onClick={stay}>
          {laterWords().farewell.stay}
        </button>
      </div>
    </div>
  );
}
