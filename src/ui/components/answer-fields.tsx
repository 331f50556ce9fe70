import type { AnswerOptions } from '../../app/app-model.ts';
import { textAfter, whyTooLong } from '../bounded-input.ts';
import { usePage } from '../page-state.ts';
import { PresetField } from './preset-field.tsx';

type Amount = 'topP' | 'topK' | 'minP' | 'repetitionPenalty' | 'presencePenalty' | 'frequencyPenalty' | 'seed';
/** Empty where the model's own counts, or none. */
const AMOUNTS: readonly { key: Amount; label: string; min: number; max?: number; step: number; hint: string }[] = [
  { key: 'topP', label: 'Top-p', min: 0.01, max: 1, step: 0.01, hint: 'Draws from the likeliest, up to this share.' },
  { key: 'topK', label: 'Top-k', min: 1, step: 1, hint: 'Draws from so many of the likeliest.' },
  {
    key: 'minP',
    label: 'Min-p',
    min: 0,
    max: 1,
    step: 0.01,
    hint: "Nothing below this part of the likeliest's chance.",
  },
  {
    key: 'repetitionPenalty',
    label: 'Repetition penalty',
    min: 0.1,
    max: 2,
    step: 0.05,
    hint: 'Above 1 repeats less.',
  },
  {
    key: 'presencePenalty',
    label: 'Presence penalty',
    min: -2,
    max: 2,
    step: 0.1,
    hint: 'Against what was said at all.',
  },
  {
    key: 'frequencyPenalty',
    label: 'Frequency penalty',
    min: -2,
    max: 2,
    step: 0.1,
    hint: 'Against what was said often.',
  },
  { key: 'seed', label: 'Seed', min: 0, step: 1, hint: 'The same seed draws the same answer.' },
];

/** How the answers of this conversation, and of new ones, are made. */
export function AnswerFields() {
  const { model } = usePage();
  const options = model.answerOptions.value;
  const change = (changed: Partial<AnswerOptions>) => model.changeAnswerOptions(changed);
  return (
    <>
      <PresetField />
      <TemperatureField />
      <label class="field">
        <span>Longest answer, in tokens</span>
        <input
          type="number"
          min="1"
          max={model.model.value?.contextLength}
          step="1"
          value={options.maxTokens}
          onChange={({ currentTarget }) => {
            if (currentTarget.reportValidity()) change({ maxTokens: currentTarget.valueAsNumber });
          }}
        />
      </label>
      <label class="field">
        <span>System prompt</span>
        <textarea
          rows={2}
          value={options.systemPrompt}
          placeholder="None"
          onBeforeInput={(event) => {
            if (whyTooLong(textAfter(event)) !== undefined) event.preventDefault();
          }}
          onChange={({ currentTarget }) => change({ systemPrompt: currentTarget.value })}
        />
      </label>
      <details class="more-fields" data-testid="more-sampling">
        <summary>More about how tokens are drawn</summary>
        {AMOUNTS.map(({ key, label, min, max, step, hint }) => (
          <label key={key} class="field">
            <span>{label}</span>
            <input
              type="number"
              {...{ min, max, step }}
              data-testid={key}
              value={options[key] ?? ''}
              placeholder={key === 'topP' ? "The model's own" : 'None'}
              onChange={({ currentTarget }) => {
                const value = currentTarget.value === '' ? undefined : currentTarget.valueAsNumber;
                if (currentTarget.reportValidity()) change({ [key]: value });
              }}
            />
            <small>{hint}</small>
          </label>
        ))}
      </details>
      <p class="muted">These are of this conversation, and of new ones.</p>
    </>
  );
}

/** The model's own until the person chooses another. */
function TemperatureField() {
  const { model } = usePage();
  const chosen = model.answerOptions.value.temperature;
  const temperature = chosen ?? model.defaultTemperature.value;
  return (
    <div class="field">
      <label class="field">
        <span>
          Temperature{' '}
          <span class="muted" data-testid="temperature">
            {temperature.toFixed(1)}
            {chosen === undefined && ", the model's own"}
          </span>
        </span>
        <input
          type="range"
          min="0"
          max="2"
          step="0.1"
          value={temperature}
          onInput={({ currentTarget }) => model.changeAnswerOptions({ temperature: currentTarget.valueAsNumber })}
        />
        <small>0 always gives the same answer; higher is more varied.</small>
      </label>
      {chosen !== undefined && (
        <div class="buttons">
          <button type="button" onClick={() => model.changeAnswerOptions({ temperature: undefined })}>
            Use the model's own
          </button>
        </div>
      )}
    </div>
  );
}
