import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import { MarkdownBlocks } from '../markdown-blocks.ts';
import { safeHtml } from '../safe-html.ts';

/** An answer's markdown, block by block: only the blocks at the growing end are parsed and drawn again. */
export function AnswerMarkdown({ text }: { text: string }) {
  const [markdown] = useState(() => new MarkdownBlocks(safeHtml));
  return (
    <div class="answer" data-testid="message-text">
      {markdown.update(text).map(({ html }, index) => (
        <AnswerBlock key={index} html={html} />
      ))}
    </div>
  );
}

const AnswerBlock = memo(function AnswerBlock({ html }: { html: string }) {
  // Sanitised by safeHtml.
  return <div class="answer-block" dangerouslySetInnerHTML={{ __html: html }} />;
});
