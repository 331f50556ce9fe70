import { useSignal } from '@preact/signals';
import { laterWords } from '../../words/later-words.ts';
import { usePage } from '../page-state.ts';

/** Options of answers under a name: chosen, saved, deleted. */
export function PresetField() {
  const { model } = usePage();
  const presets = model.presets.value;
  const said = laterWords().answers;
  const name = useSignal('');
  const chosen = useSignal('');
  const known = presets.some((preset) => preset.name === name.value.trim());
  const save = (event: Event) => {
    event.preventDefault();
    model.savePreset(name.value);
    chosen.value = name.value.trim();
    name.value = '';
  };
  return (
    <div class="field">
      {presets.length > 0 && (
        <label class="field">
          <span>{said.preset}</span>
          <select
            data-testid="preset"
            value={chosen.value}
            onChange={({ currentTarget }) => {
              chosen.value = currentTarget.value;
              if (currentTarget.value !== '') model.usePreset(currentTarget.value);
            }}
          >
            <option value="">{said.presetChoose}</option>
            {presets.map((preset) => (
              <option key={preset.name} value={preset.name}>
                {preset.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <form class="preset-save" onSubmit={save}>
        <input
          type="text"
          data-testid="preset-name"
          dir="auto"
          maxLength={60}
          aria-label={said.presetName}
          placeholder={said.presetPlaceholder}
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
        <button type="submit" data-testid="preset-save" disabled={name.value.trim() === ''}>
          {known ? said.presetReplace : said.presetSave}
        </button>
        {chosen.value !== '' && (
          <button
            type="button"
            data-testid="preset-delete"
            aria-label={said.presetDelete(chosen.value)}
            onClick={() => {
              model.removePreset(chosen.value);
              chosen.value = '';
            }}
          >
            {laterWords().delete}
          </button>
        )}
      </form>
    </div>
  );
}
