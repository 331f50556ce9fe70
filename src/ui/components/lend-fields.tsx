import type { LendSettings } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

const LIMITS = ['memoryMegabytes', 'diskMegabytes', 'uploadKilobytes', 'sessions'] as const;

/** The owner's limits of what this device does for others. */
export function LendFields() {
  const { model } = usePage();
  const { lend } = model.settings.value;
  const { tellsCharging, tellsIdle } = model.lending.value;
  const change = (changed: Partial<LendSettings>) => model.changeSettings({ lend: { ...lend, ...changed } });
  const said = laterWords().lend;
  const switches = [
    { key: 'onlyTrusted', told: true },
    { key: 'onlyCharging', told: tellsCharging },
    { key: 'onlyIdle', told: tellsIdle },
  ] as const;
  return (
    <fieldset class="lend-fields">
      <legend>{words().lend.title}</legend>
      <label class="field">
        <span>
          {said.share} <span class="muted">{Math.round(100 * lend.share)} %</span>
        </span>
        <input
          type="range"
          data-testid="lend-share"
          min="0.05"
          max="1"
          step="0.05"
          value={lend.share}
          onChange={({ currentTarget }) => change({ share: currentTarget.valueAsNumber })}
        />
        <small>{said.shareHint}</small>
      </label>
      {LIMITS.map((key) => (
        <label key={key} class="field">
          <span>{said.limits[key][0]}</span>
          <input
            type="number"
            data-testid={`lend-${key}`}
            min="0"
            step={key === 'sessions' ? 1 : 'any'}
            placeholder={said.noLimit}
            value={lend[key] ?? ''}
            onChange={({ currentTarget }) => {
              const { value, valueAsNumber } = currentTarget;
              if (currentTarget.reportValidity()) change({ [key]: value === '' ? undefined : valueAsNumber });
            }}
          />
          <small>{said.limits[key][1]}</small>
        </label>
      ))}
      {switches.map(({ key, told }) => (
        <label key={key} class="switch">
          <input
            type="checkbox"
            data-testid={`lend-${key}`}
            checked={lend[key]}
            disabled={!told && !lend[key]}
            onChange={({ currentTarget }) => change({ [key]: currentTarget.checked })}
          />
          <span>
            {said.switches[key][0]}
            <small>{told ? said.switches[key][1] : said.notTold}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
