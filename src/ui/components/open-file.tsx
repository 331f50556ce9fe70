import { usePage } from '../page-state.ts';

/** A model file that is on this machine already need not cross the network. */
export function OpenFile() {
  const page = usePage();
  return (
    <div class="field">
      <span>Model file on this machine</span>
      <small>
        A GGUF is split here, as the server splits it: its shards then need no download. Dropping it works too.
      </small>
      <div class="buttons">
        <label class="button">
          Open a GGUF…
          <input
            type="file"
            accept=".gguf"
            class="visually-hidden"
            data-testid="open-file"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              if (file) page.perform(() => page.model.openFile(file));
              // So that the same file can be chosen again.
              currentTarget.value = '';
            }}
          />
        </label>
      </div>
    </div>
  );
}
