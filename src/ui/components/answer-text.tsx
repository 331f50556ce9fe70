import { useEffect } from 'preact/hooks';
import { lazyComponent } from '../lazy-component.ts';

/** Parser and sanitiser are a fifth of the page's code, and nobody needs them before the first answer. */
export const answerMarkdown = lazyComponent(async () => (await import('./answer-markdown.tsx')).AnswerMarkdown);

/** An answer: its markdown, or its plain text until the parser is there. */
export function AnswerText({ text, streaming }: { text: string; streaming: boolean }) {
  useEffect(() => void answerMarkdown.load(), []);
  const Markdown = answerMarkdown.component.value;
  if (Markdown) return <Markdown text={text} streaming={streaming} />;
  return (
    <div class="answer" data-testid="message-text">
      <p class="message-text" dir="auto">
        {text}
      </p>
    </div>
  );
}
