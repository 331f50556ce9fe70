import { useSignal } from '@preact/signals';
import { usePage } from '../page-state.ts';

/** Options of answers under a name: chosen, saved, deleted. */
export function PresetField() {
  const { model } = usePage();
  const presets = model.presets.value;
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
          <span>Preset</span>
          <select
            data-testid="preset"
            value={chosen.value}
            onChange={({ currentTarget }) => {
              chosen.value = currentTarget.value;
              if (currentTarget.value !== '') model.usePreset(currentTarget.value);
            }}
          >
            <option value="">Choose one…</option>
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
          aria-label="Name of the preset"
          placeholder="Save these options as…"
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
        <button type="submit" data-testid="preset-save" disabled={name.value.trim() === ''}>
          {known ? 'Replace' : 'Save'}
        </button>
        {chosen.value !== '' && (
          <button
            type="button"
            data-testid="preset-delete"
            aria-label={`Delete the preset ${chosen.value}`}
            onClick={() => {
              model.removePreset(chosen.value);
              chosen.value = '';
            }}
          >
            Delete
          </button>
        )}
      </form>
    </div>
  );
}
