import { useEffect } from 'preact/hooks';
import { formatBytes } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const modelPicker = lazyComponent(async () => (await import('./model-picker.tsx')).ModelPicker);

/** Which model this is, and the way to others. */
export function ModelButton() {
  const { model, picking } = usePage();
  const summary = model.model.value;
  const open = picking.value;
  const said = words().top;
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
        aria-label={summary ? undefined : said.models}
        disabled={!summary}
        title={summary && said.modelTitle(summary.name, summary.layerCount)}
        onClick={() => (picking.value = true)}
      >
        <span class="top-model-name">{summary?.name ?? '\u00a0'}</span>
        {summary && (
          <span class="top-model-facts">{said.modelFacts(summary.layerCount, formatBytes(summary.totalBytes))}</span>
        )}
      </button>
      {open && Picker && <Picker onClose={() => (picking.value = false)} />}
    </>
  );
}
