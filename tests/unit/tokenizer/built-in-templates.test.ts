import { describe, expect, it } from 'vitest';
import type { MetadataValue } from '../../../src/core/metadata.ts';
import { BUILT_IN_TEMPLATES } from '../../../src/tokenizer/built-in-templates.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { byteTokens } from '../../fixtures/vocabulary.ts';

const TOKENS = ['<unk>', '<s>', '</s>', ...byteTokens(), '▁', '<|im_end|>'];

function tokenizer(templates: Record<string, MetadataValue>): Tokenizer {
  const entries: [string, MetadataValue][] = [
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', TOKENS],
    ['tokenizer.ggml.token_type', [2, 3, 3, ...byteTokens().map(() => 6), 1, 3]],
    ['tokenizer.ggml.scores', TOKENS.map(() => 0)],
    ['tokenizer.ggml.add_space_prefix', false],
    ...Object.entries(templates),
  ];
  return Tokenizer.fromMetadata(new Map(entries));
}

const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi!' },
  { role: 'assistant', content: 'Hello.' },
  { role: 'user', content: 'Bye!' },
];

describe('a chat format by its name', () => {
  it.each<[keyof typeof BUILT_IN_TEMPLATES, string]>([
    [
      'chatml',
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi!<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n' +
        '<|im_start|>user\nBye!<|im_end|>\n<|im_start|>assistant\n',
    ],
    [
      'gemma',
      '<s><start_of_turn>user\nBe brief.\n\nHi!<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n' +
        '<start_of_turn>user\nBye!<end_of_turn>\n<start_of_turn>model\n',
    ],
    ['llama2', '<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi! [/INST] Hello. </s><s>[INST] Bye! [/INST]'],
    [
      'llama3',
      '<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi!<|eot_id|>' +
        '<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye!<|eot_id|>' +
        '<|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
    ['mistral', '<s>[INST] Be brief.\n\nHi! [/INST] Hello.</s>[INST] Bye! [/INST]'],
    [
      'phi3',
      '<|system|>\nBe brief.<|end|>\n<|user|>\nHi!<|end|>\n<|assistant|>\nHello.<|end|>\n<|user|>\nBye!<|end|>\n<|assistant|>\n',
    ],
  ])('%s writes what its models know', (name, expected) => {
    const named = tokenizer({ 'tokenizer.chat_template': BUILT_IN_TEMPLATES[name] });
    const { text, signs } = named.renderChat(MESSAGES);
    expect(signs.reduce((rest, sign) => rest.replaceAll(sign, ''), text)).toBe(expected);
  });
});

describe('the chat template of a file', () => {
  it('begins a prompt with one beginning token, whether it writes one or not', () => {
    for (const template of ['{{ messages[0].content }}', '{{ bos_token + messages[0].content }}']) {
      const made = tokenizer({ 'tokenizer.chat_template': template });
      const ids = made.encodeRendered(made.renderChat([{ role: 'user', content: 'a' }]));
      expect(ids).toEqual([1, 3 + 'a'.charCodeAt(0)]);
    }
  });

  it('is the default of several', () => {
    const others = { 'tokenizer.chat_templates': ['rag', 'tool_use'], 'tokenizer.chat_template.rag': 'RAG' };
    const text = (templates: Record<string, MetadataValue>) =>
      tokenizer({ ...others, ...templates }).renderChat([{ role: 'user', content: 'a' }]).text;
    expect(text({ 'tokenizer.chat_template': 'DEFAULT' })).toBe('DEFAULT');
    expect(text({ 'tokenizer.chat_template.default': 'NAMED' })).toBe('NAMED');
    expect(() => text({})).toThrow(/no chat template/);
  });

  it('is never guessed where it has none, and the way out is told', () => {
    const none = tokenizer({});
    const refused = expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('--chat-template') });
    expect(() => none.renderChat(MESSAGES)).toThrow(refused);
    expect(() => none.checkTemplate()).toThrow(refused);
    expect(none.encode('a')).toEqual([1, 3 + 'a'.charCodeAt(0)]);
  });
});
