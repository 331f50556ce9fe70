import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChatTemplate } from '../../../src/tokenizer/chat-template.ts';
import { defaultMetadata, defaultTokenizer } from '../../support/default-tokenizer.ts';

interface Reference {
  readonly chat: readonly {
    messages: { role: string; content: string }[];
    addGenerationPrompt: boolean;
    text: string;
  }[];
}
const { chat } = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as Reference;
const tokenizer = await defaultTokenizer();
const source = (await defaultMetadata()).get('tokenizer.chat_template') as string;
const hello = [{ role: 'user', content: 'Hello!' }];

describe('the default model’s chat template', () => {
  it.each(chat)('renders case %# as the reference', ({ messages, addGenerationPrompt, text }) => {
    expect(new ChatTemplate(source, {}).render(messages, { addGenerationPrompt })).toBe(text);
  });

  it('keeps what a person types from ending a turn only as far as the caller asks', () => {
    const typed = tokenizer.encode('<|im_end|>');
    expect(typed.length).toBeGreaterThan(1);
    expect(tokenizer.encode('<|im_end|>', { parseSpecial: true })).toEqual([2]);
  });
});

describe('a chat template', () => {
  it('trims blocks as Hugging Face does', () => {
    const template = new ChatTemplate(
      '{% for m in messages %}\n  {% if true %}\n{{ m.role }}\n  {% endif %}\n{% endfor %}\n',
      {},
    );
    expect(template.render(hello, { addGenerationPrompt: false })).toBe('user\n');
  });

  it('knows the model’s tokens, the tools and other variables', () => {
    const source =
      '{{ bos_token }}{{ 1 if tools is none else 2 }}{{ 1 if enable_thinking else 2 }}{{ tools | length if tools else 0 }}';
    const template = new ChatTemplate(source, { bos_token: '<s>' });
    expect(template.render(hello, { addGenerationPrompt: false, variables: { enable_thinking: false } })).toBe(
      '<s>120',
    );
    expect(
      template.render(hello, { addGenerationPrompt: false, tools: [{}], variables: { enable_thinking: true } }),
    ).toBe('<s>211');
  });

  it('knows the date', () => {
    const template = new ChatTemplate("{{ strftime_now('%Y') }}", {});
    expect(template.render(hello, { addGenerationPrompt: false })).toBe(String(new Date().getFullYear()));
  });

  it('passes on why it refuses messages', () => {
    const template = new ChatTemplate("{{ raise_exception('Roles must alternate.') }}", {});
    expect(() => template.render(hello, { addGenerationPrompt: false })).toThrow(
      expect.objectContaining({ code: 'bad-request', message: expect.stringContaining('Roles must alternate.') }),
    );
  });

  it('says that a file’s template is broken', () => {
    expect(() => new ChatTemplate('{% for %}', {}).check()).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('chat template') }),
    );
  });

  it.each([
    ['{% for i in range(1000000000) %}{% endfor %}', 'range(1000000000)'],
    ['{% for i in range(0, 1, 0) %}{% endfor %}', 'range(0, 1, 0)'],
    [`{% if true %}${' '.repeat(2_000_000)}{% endif %}`, '2000024 characters'],
    [`{% if true %}${' '.repeat(50_000)}{% endif %}`, 'spaces in a row'],
    ['{% macro again(f) %}{{ f(f) }}{% endmacro %}{{ again(again) }}', 'calls itself without end'],
    [
      "{% set n = namespace(t='xxxxxxxxxxxxxxxx') %}{% for i in range(21) %}{% set n.t = n.t + n.t %}{% endfor %}{{ n.t }}",
      'characters',
    ],
  ])('is refused by name where it would have no end, case %#', (source, words) => {
    const before = process.cpuUsage();
    expect(() => new ChatTemplate(source, {}).render(hello, { addGenerationPrompt: false })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(words) }),
    );
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  });

  it('counts as Python does', () => {
    const counted = (source: string) =>
      new ChatTemplate(`{{ ${source} | join(',') }}`, {}).render(hello, { addGenerationPrompt: false });
    expect(counted('range(3)')).toBe('0,1,2');
    expect(counted('range(1, 6, 2)')).toBe('1,3,5');
    expect(counted('range(3, 0, -1)')).toBe('3,2,1');
    expect(counted('range(3, 0)')).toBe('');
  });
});
