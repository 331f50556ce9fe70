import { createPortal, memo } from 'preact/compat';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { MarkdownBlocks } from '../markdown-blocks.ts';
import { mathsRenderer } from '../maths.ts';
import { safeMarkdown } from '../safe-html.ts';
import { CopyButton } from './copy-button.tsx';

/** An answer's markdown, block by block: only the blocks at the growing end are parsed and drawn again. */
export function AnswerMarkdown({ text, streaming }: { text: string; streaming: boolean }) {
  // All anew, once: when what draws formulas has come.
  const markdown = useMemo(() => new MarkdownBlocks(safeMarkdown), [mathsRenderer.value]);
  const blocks = markdown.update(text);
  return (
    <div class="answer" data-testid="message-text">
      {blocks.map(({ html }, index) => (
        <AnswerBlock key={index} html={html} growing={streaming && index === blocks.length - 1} />
      ))}
    </div>
  );
}

/** @param growing - it is replaced with every token: a button in it would lose the focus */
const AnswerBlock = memo(function AnswerBlock({ html, growing }: { html: string; growing: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const [codes, setCodes] = useState<readonly HTMLElement[]>([]);
  useLayoutEffect(() => {
    const found = growing || !html.includes('<pre') ? [] : [...root.current!.querySelectorAll('pre')];
    setCodes((before) => (before.length + found.length === 0 ? before : found));
  }, [html, growing]);
  return (
    <>
      {/* Sanitised by safeMarkdown. */}
      <div ref={root} class="answer-block" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
      {codes.map((code, index) => createPortal(<CopyCode key={index} code={code} />, code))}
    </>
  );
});

/** Copies the code block that it stands in. */
function CopyCode({ code }: { code: HTMLElement }) {
  return (
    <span class="copy-code">
      <CopyButton
        label="Copy"
        testId="copy-code"
        text={() => code.querySelector('code')?.textContent ?? ''}
        otherwise="Select the code and copy it by hand."
      />
    </span>
  );
}
