import { useSignal } from '@preact/signals';
import type { HubSetting, RunnerSetting, Settings, WireSetting } from '../../app/app-model.ts';
import { MAX_NAME_CHARS } from '../../protocol/limits.ts';
import { formatBytesOf } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { LANGUAGES, type LanguageSetting } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { AnswerFields } from './answer-fields.tsx';
import { LendFields } from './lend-fields.tsx';
import { OpenFile } from './open-file.tsx';

const THREADS = [1, 2, 4, 8];

const HUB_CHOICES: readonly HubSetting[] = ['open', 'always', 'never'];

const SWITCHES = [
  'spreadModel',
  'checkOthers',
  'registerInDht',
  'acceptRemoteLoads',
  'acceptRemoteUnloads',
  'stayAwake',
  'notify',
  'singleKeys',
] as const;

/** How answers are made, what this tab does for others, and what it keeps. */
export function SettingsForm() {
  const { model, sheet } = usePage();
  const settings = model.settings.value;
  const said = laterWords().settings;
  const change = (changed: Partial<Settings>) => model.changeSettings(changed);
  return (
    <div class="panel-body settings">
      <LanguageField />
      <div class="buttons">
        <button type="button" data-testid="shortcuts" onClick={() => (sheet.value = true)}>
          {said.shortcuts}
        </button>
      </div>
      <NameField />
      <AnswerFields />
      <label class="field">
        <span>{said.runner}</span>
        <select
          value={settings.runner}
          onChange={({ currentTarget }) => change({ runner: currentTarget.value as RunnerSetting })}
        >
          <option value="auto">{said.automatic}</option>
          <option value="webgpu">{said.runnerGpu}</option>
          <option value="cpu">{said.runnerCpu}</option>
        </select>
        <small>{said.nextTime}</small>
      </label>
      <label class="field">
        <span>{said.wire}</span>
        <select
          value={settings.wire}
          data-testid="wire"
          onChange={({ currentTarget }) => change({ wire: currentTarget.value as WireSetting })}
        >
          <option value="f32">{said.wires.f32}</option>
          <option value="f16">{said.wires.f16}</option>
          <option value="q8">{said.wires.q8}</option>
        </select>
        <small>{said.wireHint}</small>
      </label>
      <ThreadsField />
      <HubField />
      {SWITCHES.map((key) => (
        <label key={key} class="switch">
          <input
            type="checkbox"
            checked={settings[key]}
            onChange={({ currentTarget }) => change({ [key]: currentTarget.checked })}
          />
          <span>
            {said.switches[key][0]}
            <small>{said.switches[key][1]}</small>
          </span>
        </label>
      ))}
      <LendFields />
      <OpenFile />
      <Storage />
    </div>
  );
}

/** Kept, where the browser's own is not wanted. */
function LanguageField() {
  const { model } = usePage();
  const said = laterWords().settings;
  return (
    <label class="field">
      <span>{said.language}</span>
      <select
        data-testid="language"
        value={model.settings.value.language}
        onChange={({ currentTarget }) => model.changeSettings({ language: currentTarget.value as LanguageSetting })}
      >
        <option value="auto">{said.languageAuto}</option>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What others see this tab as. */
function NameField() {
  const { model } = usePage();
  return (
    <label class="field">
      <span>{laterWords().settings.name}</span>
      <input
        type="text"
        data-testid="name"
        dir="auto"
        maxLength={MAX_NAME_CHARS}
        value={model.settings.value.name}
        placeholder={model.browserName}
        autocomplete="off"
        onChange={({ currentTarget }) => model.changeSettings({ name: currentTarget.value })}
      />
      <small>{laterWords().settings.nameHint}</small>
    </label>
  );
}

/** How much of the processor the layers may take. */
function ThreadsField() {
  const { model } = usePage();
  const { threads } = model.settings.value;
  const said = laterWords().settings;
  const change = (value: string) => model.changeSettings({ threads: value === 'auto' ? 'auto' : Number(value) });
  return (
    <label class="field">
      <span>{said.threads}</span>
      <select
        data-testid="threads"
        value={String(threads)}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      >
        <option value="auto">{said.automatic}</option>
        {THREADS.map((count) => (
          <option key={count} value={String(count)}>
            {count}
          </option>
        ))}
      </select>
      <small>{said.threadsHint}</small>
    </label>
  );
}

/** Whether the model's public file is asked where nobody has a shard. */
function HubField() {
  const { model } = usePage();
  const said = laterWords().settings;
  return (
    <label class="field">
      <span>{said.hub}</span>
      <select
        data-testid="hub"
        value={model.settings.value.hub}
        onChange={({ currentTarget }) => model.changeSettings({ hub: currentTarget.value as HubSetting })}
      >
        {HUB_CHOICES.map((choice) => (
          <option key={choice} value={choice}>
            {said.hubs[choice]}
          </option>
        ))}
      </select>
      <small>{said.hubHint}</small>
    </label>
  );
}

function Storage() {
  const page = usePage();
  const { adapter, runner, usedBytes, quotaBytes } = page.model.environment.value;
  const asked = useSignal(false);
  const said = laterWords().settings;
  const clear = () => {
    asked.value = false;
    page.perform(() => page.model.clearStorage());
  };
  return (
    <div class="field">
      <span>{said.browser}</span>
      <small>
        {adapter ? `${said.adapter(adapter)} ` : ''}
        {runner && `${said.layersRun(runner.kind === 'webgpu', said.reason(runner.reason))} `}
        {quotaBytes > 0 && said.used(formatBytesOf(usedBytes, quotaBytes))}
      </small>
      <div class="buttons">
        {asked.value ? (
          <>
            <button type="button" class="danger" onClick={clear}>
              {said.deleteYes}
            </button>
            <button
              type="button"
              onClick={() => {
                asked.value = false;
              }}
            >
              {said.deleteNo}
            </button>
          </>
        ) : (
          <button
            type="button"
            onClick={() => {
              asked.value = true;
            }}
          >
            {said.deleteModel}
          </button>
        )}
      </div>
    </div>
  );
}
