import { detailWords } from '../../words/words.ts';

/** A text of the log in the page's language, or else in its own English. */
export function LogText({ text, class: className }: { text: string; class?: string | undefined }) {
  const said = detailWords(text);
  return (
    <span class={className} lang={said === undefined ? 'en' : undefined}>
      {said ?? text}
    </span>
  );
}
