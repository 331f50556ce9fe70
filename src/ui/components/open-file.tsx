import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';

/** A model file that is on this machine already need not cross the network. */
export function OpenFile() {
  const page = usePage();
  const { settings, models } = laterWords();
  return (
    <div class="field">
      <span>{settings.file}</span>
      <small>{settings.fileHint}</small>
      <div class="buttons">
        <label class="button">
          {models.openGguf}
          <input
            type="file"
            accept=".gguf"
            multiple
            class="visually-hidden"
            data-testid="open-file"
            onChange={({ currentTarget }) => {
              const files = [...(currentTarget.files ?? [])];
              if (files.length > 0) page.openFiles(files);
              // So that the same file can be chosen again.
              currentTarget.value = '';
            }}
          />
        </label>
      </div>
    </div>
  );
}
