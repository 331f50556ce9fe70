import { usePage } from '../page-state.ts';

const EXAMPLES = [
  'What is the capital of France?',
  'Explain the tides to a child in three sentences.',
  'Write a haiku about a school of fish.',
];

/** Prompts to begin with: a click asks at once, as if it had been typed and sent. */
export function Examples() {
  const page = usePage();
  return (
    <ul class="examples" aria-label="Examples">
      {EXAMPLES.map((example) => (
        <li key={example}>
          <button type="button" data-testid="example" disabled={!page.canAsk.value} onClick={() => page.ask(example)}>
            {example}
          </button>
        </li>
      ))}
    </ul>
  );
}
