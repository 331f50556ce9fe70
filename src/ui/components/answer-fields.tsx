import type { AnswerOptions } from '../../app/app-model.ts';
import { formatNumber } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { textAfter, whyTooLong } from '../bounded-input.ts';
import { usePage } from '../page-state.ts';
import { PresetField } from './preset-field.tsx';

/** Empty where the model's own counts, or none. */
const AMOUNTS = [
  { key: 'topP', min: 0.01, max: 1, step: 0.01 },
  { key: 'topK', min: 1, step: 1 },
  { key: 'minP', min: 0, max: 1, step: 0.01 },
  { key: 'repetitionPenalty', min: 0.1, max: 2, step: 0.05 },
  { key: 'presencePenalty', min: -2, max: 2, step: 0.1 },
  { key: 'frequencyPenalty', min: -2, max: 2, step: 0.1 },
  { key: 'seed', min: 0, step: 1 },
] as const;

/** How the answers of this conversation, and of new ones, are made. */
export function AnswerFields() {
  const { model } = usePage();
  const options = model.answerOptions.value;
  const { answers: said, none } = laterWords();
  const change = (changed: Partial<AnswerOptions>) => model.changeAnswerOptions(changed);
  return (
    <>
      <PresetField />
      <TemperatureField />
      <label class="field">
        <span>{said.longest}</span>
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
        <span>{said.systemPrompt}</span>
        <textarea
          rows={2}
          value={options.systemPrompt}
          placeholder={none}
          onBeforeInput={(event) => {
            if (whyTooLong(textAfter(event)) !== undefined) event.preventDefault();
          }}
          onChange={({ currentTarget }) => change({ systemPrompt: currentTarget.value })}
        />
      </label>
      <details class="more-fields" data-testid="more-sampling">
        <summary>{said.more}</summary>
        {AMOUNTS.map(({ key, ...range }) => (
          <label key={key} class="field">
            <span>{said.amounts[key][0]}</span>
            <input
              type="number"
              {...range}
              data-testid={key}
              value={options[key] ?? ''}
              placeholder={key === 'topP' ? said.modelsOwn : none}
              onChange={({ currentTarget }) => {
                const value = currentTarget.value === '' ? undefined : currentTarget.valueAsNumber;
                if (currentTarget.reportValidity()) change({ [key]: value });
              }}
            />
            <small>{said.amounts[key][1]}</small>
          </label>
        ))}
      </details>
      <p class="muted">{said.scope}</p>
    </>
  );
}

/** The model's own until the person chooses another. */
function TemperatureField() {
  const { model } = usePage();
  const chosen = model.answerOptions.value.temperature;
  const said = laterWords().answers;
  const temperature = chosen ?? model.defaultTemperature.value;
  return (
    <div class="field">
      <label class="field">
        <span>
          {said.temperature}{' '}
          <span class="muted" data-testid="temperature">
            {chosen === undefined ? said.ownTemperature(formatNumber(temperature, 1)) : formatNumber(temperature, 1)}
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
        <small>{said.temperatureHint}</small>
      </label>
      {chosen !== undefined && (
        <div class="buttons">
          <button type="button" onClick={() => model.changeAnswerOptions({ temperature: undefined })}>
            {said.useOwn}
          </button>
        </div>
      )}
    </div>
  );
}
