import type { LendSettings } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';

type Limit = 'memoryMegabytes' | 'diskMegabytes' | 'uploadKilobytes' | 'sessions';
const LIMITS: readonly { key: Limit; label: string; hint: string }[] = [
  { key: 'memoryMegabytes', label: 'Memory for shards, in MB', hint: 'A shard beyond it is not loaded.' },
  { key: 'diskMegabytes', label: 'Disk, in MB', hint: 'Of all that this page stores.' },
  { key: 'uploadKilobytes', label: 'Upload of shards, in kB a second', hint: 'To all other tabs together.' },
  { key: 'sessions', label: 'Conversations of others at once', hint: 'More are sent elsewhere, or wait.' },
];

type Switch = 'onlyTrusted' | 'onlyCharging' | 'onlyIdle';

/** The owner's limits of what this device does for others. */
export function LendFields() {
  const { model } = usePage();
  const { lend } = model.settings.value;
  const { tellsCharging, tellsIdle } = model.lending.value;
  const change = (changed: Partial<LendSettings>) => model.changeSettings({ lend: { ...lend, ...changed } });
  const switches: readonly { key: Switch; label: string; hint: string; told: boolean }[] = [
    {
      key: 'onlyTrusted',
      label: 'Only for tabs that I tick',
      hint: 'In the list of tabs. A tab that is opened again is another, and must be ticked again.',
      told: true,
    },
    { key: 'onlyCharging', label: 'Only while charging', hint: 'Otherwise it pauses by itself.', told: tellsCharging },
    { key: 'onlyIdle', label: 'Only while I am away', hint: 'After a minute without a touch or key.', told: tellsIdle },
  ];
  return (
    <fieldset class="lend-fields">
      <legend>What I lend</legend>
      <label class="field">
        <span>
          Time of the device <span class="muted">{Math.round(100 * lend.share)} %</span>
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
        <small>For the rest it leaves others waiting; answers through this tab are slower then.</small>
      </label>
      {LIMITS.map(({ key, label, hint }) => (
        <label key={key} class="field">
          <span>{label}</span>
          <input
            type="number"
            data-testid={`lend-${key}`}
            min="0"
            step={key === 'sessions' ? 1 : 'any'}
            placeholder="No limit"
            value={lend[key] ?? ''}
            onChange={({ currentTarget }) => {
              const { value, valueAsNumber } = currentTarget;
              if (currentTarget.reportValidity()) change({ [key]: value === '' ? undefined : valueAsNumber });
            }}
          />
          <small>{hint}</small>
        </label>
      ))}
      {switches.map(({ key, label, hint, told }) => (
        <label key={key} class="switch">
          <input
            type="checkbox"
            data-testid={`lend-${key}`}
            checked={lend[key]}
            disabled={!told && !lend[key]}
            onChange={({ currentTarget }) => change({ [key]: currentTarget.checked })}
          />
          <span>
            {label}
            <small>{told ? hint : 'This browser does not tell.'}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
