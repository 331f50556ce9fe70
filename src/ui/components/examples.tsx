import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** Prompts to begin with: a click asks at once, as if it had been typed and sent. */
export function Examples() {
  const page = usePage();
  const { examples, examplesLabel } = words().chat;
  return (
    <ul class="examples" aria-label={examplesLabel}>
      {examples.map((example) => (
        <li key={example}>
          <button type="button" data-testid="example" disabled={!page.canAsk.value} onClick={() => page.ask(example)}>
            {example}
          </button>
        </li>
      ))}
    </ul>
  );
}
