import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** Takes a model, or text for the prompt, that is dropped anywhere on the page, and says so while a file hovers. */
export function FileDrop() {
  const page = usePage();
  const hovering = useSignal(false);
  useEffect(() => {
    const carriesFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onDragOver = (event: DragEvent) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      hovering.value = true;
    };
    const onDragLeave = (event: DragEvent) => {
      if (!event.relatedTarget) hovering.value = false;
    };
    const onDrop = (event: DragEvent) => {
      hovering.value = false;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      const models = files.filter(({ name }) => name.toLowerCase().endsWith('.gguf'));
      if (models.length > 0) page.openFiles(models);
      else for (const file of files) page.attach(file);
    };
    document.addEventListener('dragover', onDragOver);
    document.addEventListener('dragleave', onDragLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragover', onDragOver);
      document.removeEventListener('dragleave', onDragLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, [page, hovering]);
  return hovering.value ? <div class="drop-target">{words().page.drop}</div> : null;
}
