import { usePage } from '../page-state.ts';

/** A model file that is on this machine already need not cross the network. */
export function OpenFile() {
  const page = usePage();
  return (
    <div class="field">
      <span>Model file on this machine</span>
      <small>
        This swarm's model need not be fetched then: it is split here, as the server splits it. Another opens in a swarm
        of its own. Dropping works too.
      </small>
      <div class="buttons">
        <label class="button">
          Open a GGUF…
          <input
            type="file"
            accept=".gguf"
            multiple
            class="visually-hidden"
            data-testid="open-file"
            onChange={({ currentTarget }) => {
              const files = [...(currentTarget.files ?? [])];
              if (files.length > 0) page.openFiles(files);
              // So that the same file can be chosen again.
              currentTarget.value = '';
            }}
          />
        </label>
      </div>
    </div>
  );
}
