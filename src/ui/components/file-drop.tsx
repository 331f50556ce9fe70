import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { usePage } from '../page-state.ts';

/** Takes a file that is dropped anywhere on the page, and says so while one hovers. */
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
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      page.perform(() => page.model.openFile(file));
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
  return hovering.value ? <div class="drop-target">Drop a GGUF file to use it here</div> : null;
}
