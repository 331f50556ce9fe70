import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { tokenizer, user } from '../../../support/scripted-engine.ts';

// What the command lines of coding agents send beside a plain request, as they were seen to: Codex asks for responses,
// Claude Code for messages.

const CALL = '<tool_call>\n{"name": "agents__close", "arguments": {"id": "5"}}\n</tool_call>';
const parameters = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };

let bridge: ScriptedBridge;
beforeEach(async () => {
  bridge = await scriptedBridge([CALL], { contextLength: 2000 });
});
afterEach(() => bridge.close());

const prompt = (place = 0) => tokenizer.decode(bridge.generator.requests[place]!.promptIds);

describe('responses', () => {
  const client = () => new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });
  const close = { type: 'function', name: 'close', description: 'Closes one', strict: false, parameters } as const;
  const ask = {
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
      ...user('Close 5.'),
    ],
    tools: [{ type: 'namespace', name: 'agents', description: 'Other agents', tools: [close] }],
    ...{ reasoning: { summary: 'auto' }, include: ['reasoning.encrypted_content'], store: false },
    client_metadata: { session_id: '1' },
  } as const;
  const respond = (more: object = {}) =>
    client().responses.create({ ...ask, ...more } as never) as Promise<OpenAI.Responses.Response>;

  it('call a function of a namespace by both names, and go on behind it', async () => {
    const { output } = await respond();
    expect(output).toMatchObject([
      { type: 'function_call', name: 'close', namespace: 'agents', arguments: '{"id": "5"}' },
    ]);
    const { call_id } = output[0] as OpenAI.Responses.ResponseFunctionToolCall;
    const result = { type: 'function_call_output', call_id, output: 'Closed.' };
    await respond({ input: [...ask.input, ...output, result] });
    expect(prompt(1)).toContain('agents__close');
    expect(prompt(1)).toContain('Closed.');
  });

  it('have one message of the system for neighbouring ones', async () => {
    await respond({ instructions: 'You are an agent.', tools: [] });
    expect(prompt()).toContain(
      '<|im_start|>system\nYou are an agent.\nBe brief.\nBe kind.<|im_end|>\n<|im_start|>user',
    );
  });

  it('refuse what would be missed', async () => {
    const wrongs: [object, string][] = [
      [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      [{ tools: [{ type: 'namespace', name: 'a', tools: [{ type: 'web_search' }] }] }, 'tools[0].tools[0].type'],
      [{ include: ['message.output_audio'] }, 'include[0]'],
    ];
    for (const [wrong, param] of wrongs)
      await expect(respond(wrong), param).rejects.toMatchObject({ status: 400, param });
  });
});

it('a chat with an effort of reasoning is answered', async () => {
  const client = new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });
  for (const reasoning_effort of ['none', 'high'] as const) {
    const { choices } = await client.chat.completions.create({ model: 'Tiny', messages: user('Hi'), reasoning_effort });
    expect(choices[0]!.finish_reason).toBe('stop');
  }
});

describe('messages', () => {
  const ask = {
    ...{ model: 'Tiny', max_tokens: 50, thinking: { type: 'adaptive' } },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'high' },
    tools: [
      { name: 'search', input_schema: parameters },
      { name: 'agents__close', input_schema: parameters, defer_loading: true },
    ],
    messages: [...user('Close 5.'), { role: 'system', content: [{ type: 'text', text: 'It is Monday.' }] }],
  };
  const respond = (more: object = {}) =>
    new Anthropic({ baseURL: bridge.origin, apiKey: 'none', maxRetries: 0 }).messages.create({
      ...ask,
      ...more,
    } as never) as Promise<Anthropic.Message>;

  it('have messages of the system among the others', async () => {
    await respond();
    expect(prompt()).toContain('Close 5.<|im_end|>\n<|im_start|>system\nIt is Monday.<|im_end|>');
  });

  it('tell of a tool that is deferred once a result refers to it', async () => {
    await respond();
    expect(prompt()).not.toContain('agents__close');
    const search = { type: 'tool_use', id: 'toolu_1', name: 'search', input: { id: 'close' } };
    const content = [{ type: 'tool_reference', tool_name: 'agents__close' }];
    const found = { type: 'tool_result', tool_use_id: 'toolu_1', content };
    const { content: said } = await respond({
      messages: [...ask.messages, { role: 'assistant', content: [search] }, { role: 'user', content: [found] }],
    });
    expect(prompt(1)).toContain('The tool agents__close can be called now.');
    expect(said).toMatchObject([{ type: 'tool_use', name: 'agents__close', input: { id: '5' } }]);
  });

  it('refuse what would be missed', async () => {
    const wrongs: [object, string][] = [
      [{ context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }, 'context_management.edits[0].type'],
      [{ output_config: { task_budget: {} } }, 'output_config.task_budget'],
      [{ output_config: { format: { type: 'xml' } } }, 'output_config.format.type'],
    ];
    for (const [wrong, field] of wrongs) await expect(respond(wrong), field).rejects.toThrow(`\\"${field}\\"`);
  });
});
