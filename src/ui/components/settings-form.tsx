import { useSignal } from '@preact/signals';
import type { RunnerSetting, Settings, WireSetting } from '../../app/app-model.ts';
import { formatBytesOf } from '../../core/format.ts';
import { MAX_NAME_CHARS } from '../../protocol/limits.ts';
import { usePage } from '../page-state.ts';
import { AnswerFields } from './answer-fields.tsx';
import { LendFields } from './lend-fields.tsx';
import { OpenFile } from './open-file.tsx';

const THREADS = [1, 2, 4, 8];

type Switch =
  | 'spreadModel'
  | 'acceptRemoteLoads'
  | 'acceptRemoteUnloads'
  | 'registerInDht'
  | 'checkOthers'
  | 'stayAwake'
  | 'notify';
const SWITCHES: readonly { key: Switch; label: string; hint: string }[] = [
  {
    key: 'spreadModel',
    label: 'Help spread the model',
    hint: 'Also fetch and share the shards that this tab does not run.',
  },
  {
    key: 'checkOthers',
    label: 'Check what other tabs compute',
    hint: 'Now and then a second tab computes a part of an answer again. It sees as much of the prompt as the first.',
  },
  { key: 'registerInDht', label: 'Register files in the swarm', hint: 'Other tabs find what this tab shares.' },
  {
    key: 'acceptRemoteLoads',
    label: 'Accept shards from others',
    hint: 'Other tabs may ask this one to load a shard.',
  },
  {
    key: 'acceptRemoteUnloads',
    label: 'Let chosen tabs take shards off this one',
    hint: 'Only those that are ticked in the list of tabs may ask for it.',
  },
  {
    key: 'stayAwake',
    label: 'Keep the screen on while this tab serves',
    hint: 'A device that sleeps serves nobody. Only while the tab is seen, and where the browser allows it.',
  },
  {
    key: 'notify',
    label: 'Tell me when a long answer is done',
    hint: 'By a notice of the browser, which asks for it once, while this tab is hidden.',
  },
];

/** How answers are made, what this tab does for others, and what it keeps. */
export function SettingsForm() {
  const { model } = usePage();
  const settings = model.settings.value;
  const change = (changed: Partial<Settings>) => model.changeSettings(changed);
  return (
    <div class="panel-body settings">
      <NameField />
      <AnswerFields />
      <label class="field">
        <span>Run layers on</span>
        <select
          value={settings.runner}
          onChange={({ currentTarget }) => change({ runner: currentTarget.value as RunnerSetting })}
        >
          <option value="auto">Automatic</option>
          <option value="webgpu">GPU (WebGPU)</option>
          <option value="cpu">Processor (WebAssembly)</option>
        </select>
        <small>Takes effect when the page is opened again.</small>
      </label>
      <label class="field">
        <span>Activations on the wire</span>
        <select
          value={settings.wire}
          data-testid="wire"
          onChange={({ currentTarget }) => change({ wire: currentTarget.value as WireSetting })}
        >
          <option value="f32">Exact</option>
          <option value="f16">Half</option>
          <option value="q8">8-bit</option>
        </select>
        <small>Rounded where a slow link makes it worth while; answers may then differ a little.</small>
      </label>
      <ThreadsField />
      {SWITCHES.map(({ key, label, hint }) => (
        <label key={key} class="switch">
          <input
            type="checkbox"
            checked={settings[key]}
            onChange={({ currentTarget }) => change({ [key]: currentTarget.checked })}
          />
          <span>
            {label}
            <small>{hint}</small>
          </span>
        </label>
      ))}
      <LendFields />
      <OpenFile />
      <Storage />
    </div>
  );
}

/** What others see this tab as. */
function NameField() {
  const { model } = usePage();
  return (
    <label class="field">
      <span>Name of this browser's tabs</span>
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
      <small>Other tabs see it in their list.</small>
    </label>
  );
}

/** How much of the processor the layers may take. */
function ThreadsField() {
  const { model } = usePage();
  const { threads } = model.settings.value;
  const change = (value: string) => model.changeSettings({ threads: value === 'auto' ? 'auto' : Number(value) });
  return (
    <label class="field">
      <span>Threads of the processor</span>
      <select
        data-testid="threads"
        value={String(threads)}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      >
        <option value="auto">Automatic</option>
        {THREADS.map((count) => (
          <option key={count} value={String(count)}>
            {count}
          </option>
        ))}
      </select>
      <small>For layers that run on the processor. Takes effect when the page is opened again.</small>
    </label>
  );
}

function Storage() {
  const page = usePage();
  const { adapter, runner, usedBytes, quotaBytes } = page.model.environment.value;
  const asked = useSignal(false);
  const clear = () => {
    asked.value = false;
    page.perform(() => page.model.clearStorage());
  };
  return (
    <div class="field">
      <span>This browser</span>
      <small>
        {adapter ? `Adapter: ${adapter}. ` : ''}
        {runner && `Layers run on the ${runner.kind === 'cpu' ? 'processor' : 'GPU'}: ${runner.reason}. `}
        {quotaBytes > 0 && `Storage: ${formatBytesOf(usedBytes, quotaBytes)} used.`}
      </small>
      <div class="buttons">
        {asked.value ? (
          <>
            <button type="button" class="danger" onClick={clear}>
              Leave and delete the shards
            </button>
            <button
              type="button"
              onClick={() => {
                asked.value = false;
              }}
            >
              Keep them
            </button>
          </>
        ) : (
          <button
            type="button"
            onClick={() => {
              asked.value = true;
            }}
          >
            Delete this model from the browser…
          </button>
        )}
      </div>
    </div>
  );
}
