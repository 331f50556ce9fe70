import '../styles/sheet.css';
import '../styles/shortcuts.css';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { useModal } from '../hooks/use-modal.ts';
import { usePage } from '../page-state.ts';
import { SHORTCUTS, type ShortcutName, type ShortcutPlace } from '../shortcuts.ts';

const PLACES: readonly ShortcutPlace[] = ['anywhere', 'outside', 'prompt'];
const NAMES = Object.keys(SHORTCUTS) as ShortcutName[];

/** All keyboard shortcuts, by where they do something. */
export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const dialog = useModal();
  const { singleKeys } = usePage().model.settings.value;
  const said = laterWords().shortcuts;
  return (
    <dialog ref={dialog} class="sheet shortcuts" aria-label={said.title} data-testid="shortcut-sheet" onClose={onClose}>
      <div class="sheet-body">
        <div class="card-head">
          <h2>{said.title}</h2>
          <button type="button" aria-label={words().close} onClick={() => dialog.current?.close()}>
            ×
          </button>
        </div>
        {PLACES.map((place) => (
          <section key={place} aria-labelledby={`shortcuts-${place}`}>
            <h3 id={`shortcuts-${place}`}>{said.places[place]}</h3>
            {place === 'outside' && !singleKeys && <p class="muted">{said.switchedOff}</p>}
            <dl class="shortcut-list">
              {NAMES.filter((name) => SHORTCUTS[name].place === place).map((name) => (
                <div key={name} data-testid="shortcut">
                  <dt>
                    <Keys name={name} />
                  </dt>
                  <dd>{said.does[name]}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}

function Keys({ name }: { name: ShortcutName }) {
  const { keys } = laterWords().shortcuts;
  return SHORTCUTS[name].keys.map((key, index) => (
    <span key={key}>
      {index > 0 && ' + '}
      <kbd>{key in keys ? keys[key as keyof typeof keys] : key.toUpperCase()}</kbd>
    </span>
  ));
}
