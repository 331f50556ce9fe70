import fc from 'fast-check';
import { Marked } from 'marked';
import { expect, test, vi } from 'vitest';
import { type BlockParser, MarkdownBlocks } from '../../../src/ui/markdown-blocks.ts';
import { maths } from '../../../src/ui/maths.ts';

const marked = new Marked(maths, { gfm: true, breaks: true });
const parser: BlockParser = { lex: (text) => marked.lexer(text), toHtml: (token) => marked.parser([token]) };
const PARTS = [
  'A paragraph\nof two lines.\n\n',
  '- one\n- two\n\n',
  '- three\n\n  of its own\n',
  '1. first\n2. second\n',
  '    code\n\n',
  '```js\nlet a = 1;\n\nlet b;\n```\n',
  '> quoted\n',
  '# Title\n',
  'Under\n===\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\n',
  '---\n',
  '\n\n',
  'text **bold** ',
  'Euler: \\( e^{i\\pi} = -1 \\) and $a*b*c$ ',
  '\\[\n\\frac{a}{b}\n= c\n\\]\n',
  '$$ x $$\n\n',
  'costs $5 and $10\n',
  '\\[ never closed\n\n',
  '<b>raw</b>\n',
  '* * *\r\n\r\n',
];

test('a text that grows bit by bit gives what the whole text gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...PARTS), { maxLength: 12 }),
      fc.integer({ min: 1, max: 9 }),
      (parts, step) => {
        const text = parts.join('');
        const growing = new MarkdownBlocks(parser);
        for (let end = step; end < text.length; end += step) growing.update(text.slice(0, end));
        const whole = new MarkdownBlocks(parser).update(text);
        expect(html(growing.update(text))).toBe(html(whole));
        expect(html(whole)).toBe(squeeze(marked.parse(text, { async: false })));
      },
    ),
    { numRuns: 2000 },
  );
});

test('finished blocks are parsed once and keep their identity', () => {
  const parse = vi.fn(parser.toHtml);
  const blocks = new MarkdownBlocks({ ...parser, toHtml: parse });
  let text = '';
  for (let paragraph = 0; paragraph < 50; paragraph++) {
    for (const word of `Paragraph ${paragraph} has some words.\n\n`.match(/\S+\s*/g)!) {
      text += word;
      blocks.update(text);
    }
  }
  const first = blocks.update(text)[0]!;
  parse.mockClear();
  expect(blocks.update(`${text}One more`)[0]).toBe(first);
  expect(parse.mock.calls.length).toBeLessThanOrEqual(2);
});

test('another text starts over', () => {
  const blocks = new MarkdownBlocks(parser);
  blocks.update('one\n\ntwo\n\nthree\n\nfour');
  expect(blocks.update('other').map((block) => block.html)).toEqual(['<p>other</p>']);
});

function html(blocks: readonly { html: string }[]): string {
  return squeeze(blocks.map((block) => block.html).join('\n'));
}

/** White space between blocks is not seen. */
function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/> </g, '><').trim();
}
