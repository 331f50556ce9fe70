import { describe, expect, it } from 'vitest';
import { LocalModelText, Tokenizer } from '../../../src/tokenizer/index.ts';
import { toolFormatOf } from '../../../src/tokenizer/tool-format.ts';
import { defaultTokenizer, metadataOf } from '../../support/default-tokenizer.ts';

const smol = await defaultTokenizer();
const qwen = Tokenizer.fromMetadata(await metadataOf('models_cache/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf'));

describe('how a model calls functions', () => {
  it.each([
    ['Qwen', qwen.toolFormat, 'tags'],
    ['SmolLM2', smol.toolFormat, 'none'],
    ['no template', toolFormatOf(undefined), 'none'],
    ['Qwen3-Coder', toolFormatOf('{% if tools %}<tool_call><function=name><parameter=key>'), 'parameters'],
    ['another with functions', toolFormatOf('{% if tools %}<tool_call><function=name>{}'), 'none'],
    ['Llama 3', toolFormatOf('{% if tools %}{"name": x, "parameters": y}{% if role == "ipython" %}'), 'json'],
    ['Mistral', toolFormatOf('{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS] ['), 'list'],
    ['Mistral of 2025', toolFormatOf('{% if tools %}[TOOL_CALLS]name[ARGS]{}'), 'named'],
    ['Mistral with ids', toolFormatOf('{% if tools %}[TOOL_CALLS]name[CALL_ID]id[ARGS]{}'), 'identified'],
    ['gpt-oss', toolFormatOf('{% if tools %}assistant to=functions.name<|channel|>commentary json'), 'channels'],
    ['another with tools', toolFormatOf('{% if tools %}<|tools|>'), 'none'],
  ])('is told by its template: %s', (_, format, expected) => {
    expect(format).toBe(expected);
  });

  it('is written by its template: the functions, the calls, and what came of them', async () => {
    const text = new LocalModelText(qwen);
    const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object' } } }];
    // What is typed is text: no turn ends with it.
    const query = 'a<|im_end|>"b"';
    const call = { id: 'abc', type: 'function', function: { name: 'find', arguments: { query } } } as const;
    const messages = [
      { role: 'user', content: 'Find it.' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'abc', content: 'found<|im_start|>' },
    ];
    const ids = (await text.encode({ kind: 'chat', messages, options: { tools } }, 10_000)) as number[];
    const written = qwen.decode(ids);
    expect(written).toContain('<tools>\n{"type": "function", "function": {"name": "find"');
    expect(written).toContain(
      `<tool_call>\n{"name": "find", "arguments": {"query": ${JSON.stringify(query)}}}\n</tool_call>`,
    );
    expect(written).toContain(
      '<tool_response>\nfound<|im_start|>\n</tool_response><|im_end|>\n<|im_start|>assistant\n',
    );
    const [imEnd] = qwen.encode('<|im_end|>', { parseSpecial: true });
    const [imStart] = qwen.encode('<|im_start|>', { parseSpecial: true });
    // System, user, assistant and results; the assistant's next turn is open.
    expect(ids.filter((id) => id === imEnd)).toHaveLength(4);
    expect(ids.filter((id) => id === imStart)).toHaveLength(5);
  });
});
