import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const settingsForm = lazyComponent(async () => (await import('./settings-form.tsx')).SettingsForm);

/** The settings, whose code and fields come when somebody opens them. */
export function SettingsPanel() {
  const { settingsOpen } = usePage();
  const open = settingsOpen.value;
  const opened = useSignal(false);
  useEffect(() => {
    opened.value ||= open;
    if (open) void settingsForm.load();
  }, [open, opened]);
  const Form = settingsForm.component.value;
  return (
    <details
      class="panel"
      id="settings"
      data-testid="settings"
      open={open}
      onToggle={({ currentTarget }) => (settingsOpen.value = currentTarget.open)}
    >
      <summary>{words().page.settings}</summary>
      {opened.value && Form && <Form />}
    </details>
  );
}
