import { Marked } from 'marked';
import { expect, test, vi } from 'vitest';
import { maths, mathsRenderer } from '../../../src/ui/maths.ts';

const marked = new Marked(maths, { gfm: true, breaks: true });
const html = (text: string) => marked.parse(text, { async: false }).trim();

test('KaTeX is fetched by the first formula, which is shown as it was written until then', async () => {
  expect(html('No formula, $5 and $10.')).toBe('<p>No formula, $5 and $10.</p>');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(mathsRenderer.value).toBeUndefined();
  expect(html('So \\( a < b \\).')).toBe('<p>So \\( a &lt; b \\).</p>');
  await vi.waitFor(() => expect(mathsRenderer.value).toBeDefined(), 10_000);
  expect(html('So \\( a < b \\).')).toContain('<mo>&lt;</mo>');
});

test('formulas stand in a line or by themselves', () => {
  expect(html('Here $x^2$ is.')).toMatch(/^<p>Here <span class="katex"><math [^>]*><semantics>.*<\/p>$/);
  for (const text of ['$$x^2$$', '\\[ x^2 \\]', '\\[\n x^2\n\\]', 'So:\n\\[ x^2 \\]\nand on', 'So $$x^2$$ then']) {
    expect(html(text), text).toContain('display="block"');
  }
  expect(html('\\[ a \\]\n\n\\[ b \\]').match(/<math/g)).toHaveLength(2);
});

test('what only looks like a formula is text', () => {
  const texts = [
    '$5-$10',
    '$HOME and $PATH',
    'a $ b $ c',
    '`$x$`',
    '```\n$$x$$\n```',
    '    \\[ x \\]',
    '\\[ one\n\ntwo \\]',
  ];
  for (const text of texts) expect(html(text), text).not.toContain('<math');
});

test('what KaTeX cannot read, or should not, is shown as it was written', () => {
  expect(html('$\\frac{$')).toContain('\\frac{');
  expect(html('\\( \\nosuchmacro \\)')).toBe('<p><code>\\( \\nosuchmacro \\)</code></p>');
  expect(html('\\( \\def\\a{\\a\\a}\\a \\)')).toContain('<code>');
  expect(html(`\\( ${'x+'.repeat(3000)}x \\)`)).not.toContain('<math');
  expect(html('\\( \\href{javascript:alert(1)}{x} \\)')).not.toContain('href=');
});
