import { createPortal, memo } from 'preact/compat';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { laterWords } from '../../words/later-words.ts';
import { MarkdownBlocks } from '../markdown-blocks.ts';
import { mathsRenderer } from '../maths.ts';
import { splitReasoning } from '../reasoning.ts';
import { safeMarkdown } from '../safe-html.ts';
import { CopyButton } from './copy-button.tsx';

/** An answer's markdown; what the model thought before is folded once it speaks. */
export function AnswerMarkdown({ text, streaming }: { text: string; streaming: boolean }) {
  const { reasoning, answer, open } = splitReasoning(text);
  const { thinking, thought } = laterWords().message;
  return (
    <>
      {reasoning !== undefined && (
        <details class="reasoning" data-testid="reasoning" open={streaming && open}>
          <summary>{streaming && open ? thinking : thought}</summary>
          <Blocks text={reasoning} streaming={streaming && open} />
        </details>
      )}
      <div class="answer" data-testid="message-text">
        <Blocks text={answer} streaming={streaming} />
      </div>
    </>
  );
}

/** Markdown, block by block: only the blocks at the growing end are parsed and drawn again. */
function Blocks({ text, streaming }: { text: string; streaming: boolean }) {
  // All anew, once: when what draws formulas has come.
  const markdown = useMemo(() => new MarkdownBlocks(safeMarkdown), [mathsRenderer.value]);
  const blocks = markdown.update(text);
  return (
    <>
      {blocks.map(({ html }, index) => (
        <AnswerBlock key={index} html={html} growing={streaming && index === blocks.length - 1} />
      ))}
    </>
  );
}

/** @param growing - it is replaced with every token: a button in it would lose the focus */
const AnswerBlock = memo(function AnswerBlock({ html, growing }: { html: string; growing: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const [codes, setCodes] = useState<readonly HTMLElement[]>([]);
  useLayoutEffect(() => {
    const found = growing || !html.includes('<pre') ? [] : [...root.current!.querySelectorAll('pre')];
    setCodes((before) => (before.length + found.length === 0 ? before : found));
    const named = found.flatMap((block) => [...block.querySelectorAll<HTMLElement>('code[class]')]);
    // Without colours the code is there all the same.
    if (named.length > 0)
      import('../code-colors.ts').then(
        ({ colorCode }) => named.forEach(colorCode),
        () => undefined,
      );
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
        label={laterWords().copy}
        testId="copy-code"
        text={() => code.querySelector('code')?.textContent ?? ''}
        otherwise={laterWords().message.codeByHand}
      />
    </span>
  );
}
