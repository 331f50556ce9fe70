import { useSignal } from '@preact/signals';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';

export const settingsForm = lazyComponent(async () => (await import('./settings-form.tsx')).SettingsForm);

/** The settings, whose code and fields come when somebody opens them. */
export function SettingsPanel() {
  const opened = useSignal(false);
  const Form = settingsForm.component.value;
  return (
    <details
      class="panel"
      data-testid="settings"
      onToggle={({ currentTarget }) => {
        opened.value ||= currentTarget.open;
        if (currentTarget.open) void settingsForm.load();
      }}
    >
      <summary>{words().page.settings}</summary>
      {opened.value && Form && <Form />}
    </details>
  );
}
