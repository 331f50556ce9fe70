import { useEffect } from 'preact/hooks';
import { formatBytes } from '../../core/format.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const modelPicker = lazyComponent(async () => (await import('./model-picker.tsx')).ModelPicker);

/** Which model this is, and the way to others. */
export function ModelButton() {
  const { model, picking } = usePage();
  const summary = model.model.value;
  const open = picking.value;
  useEffect(() => {
    if (open) void modelPicker.load();
  }, [open]);
  const Picker = modelPicker.component.value;
  return (
    <>
      <button
        type="button"
        class="top-model"
        data-testid="models"
        aria-haspopup="dialog"
        aria-label={summary ? undefined : 'Models'}
        disabled={!summary}
        title={summary && `${summary.name}, ${summary.layerCount} layers: choose another`}
        onClick={() => (picking.value = true)}
      >
        <span class="top-model-name">{summary?.name ?? '\u00a0'}</span>
        {summary && (
          <span class="top-model-facts">
            {summary.layerCount} layers · {formatBytes(summary.totalBytes)}
          </span>
        )}
      </button>
      {open && Picker && <Picker onClose={() => (picking.value = false)} />}
    </>
  );
}
