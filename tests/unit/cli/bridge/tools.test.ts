import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { readAll, tokenizer, user } from '../../../support/scripted-engine.ts';

// Stock clients that hand functions to a model, call them, and tell it the results.

const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>';
const ANSWER = 'It is 12 degrees.';
const parameters = { type: 'object' as const, properties: { city: { type: 'string' as const } }, required: ['city'] };
const description = 'Tells the weather.';

let bridge: ScriptedBridge;
beforeEach(async () => {
  bridge = await scriptedBridge([`Let me look.\n${CALL}`, ANSWER], { contextLength: 4096 });
});
afterEach(() => bridge.close());

/** What the model was given to read, the second time. */
const secondPrompt = () => tokenizer.decode(bridge.generator.requests[1]!.promptIds);
const RESULT = '<tool_response>\n12 C\n</tool_response>';

describe('OpenAI’s client', () => {
  const client = () => new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });

  it('runs the functions that a chat asks for', async () => {
    const cities: unknown[] = [];
    const runner = client().chat.completions.runTools({
      model: 'Tiny',
      messages: user('Weather in Paris?'),
      tools: [
        {
          type: 'function',
          function: {
            ...{ name: 'get_weather', description, parameters, parse: JSON.parse },
            function: ({ city }: { city: string }) => {
              cities.push(city);
              return '12 C';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe(ANSWER);
    expect(cities).toEqual(['Paris']);
    expect(secondPrompt()).toContain(CALL);
    expect(secondPrompt()).toContain(RESULT);
  });

  it('puts a streamed call together', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
    const stream = client().chat.completions.stream({ model: 'Tiny', messages: user('Weather?'), tools });
    const [choice] = (await stream.finalChatCompletion()).choices;
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Let me look.' } });
    expect(choice!.message.tool_calls).toMatchObject([{ function: { arguments: '{"city": "Paris"}' } }]);
  });

  it('has calls and results as items of responses', async () => {
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters, description, strict: true }];
    const ask = { model: 'Tiny', tools };
    const first = await client().responses.create({ ...ask, input: 'Weather in Paris?' });
    expect(first.output).toMatchObject([
      { type: 'message', content: [{ text: 'Let me look.' }] },
      { type: 'function_call', name: 'get_weather', arguments: '{"city": "Paris"}', status: 'completed' },
    ]);
    const [, call] = first.output as [unknown, OpenAI.Responses.ResponseFunctionToolCall];
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: '12 C' };
    const input = [{ role: 'user' as const, content: 'Weather in Paris?' }, ...first.output, result];
    const second = await client().responses.create({ ...ask, input: input as OpenAI.Responses.ResponseInput });
    expect(second.output_text).toBe(ANSWER);
    expect(secondPrompt()).toContain(RESULT);
  });

  it('streams a response’s call', async () => {
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters, strict: false }];
    const events = await readAll(client().responses.stream({ model: 'Tiny', input: 'Weather?', tools }));
    const types = events.map(({ type }) => type).filter((type, place, all) => type !== all[place - 1]);
    expect(types.slice(-6)).toEqual([
      ...['response.output_item.done', 'response.output_item.added', 'response.function_call_arguments.delta'],
      ...['response.function_call_arguments.done', 'response.output_item.done', 'response.completed'],
    ]);
  });
});

describe('Anthropic’s client', () => {
  const client = () => new Anthropic({ baseURL: bridge.origin, apiKey: 'none', maxRetries: 0 });
  const ask = {
    model: 'Tiny',
    max_tokens: 200,
    tools: [{ name: 'get_weather', description, input_schema: parameters }],
  };

  it('has calls and results as blocks', async () => {
    const first = await client().messages.create({ ...ask, messages: user('Weather in Paris?') });
    expect(first).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } },
      ],
    });
    const call = first.content[1] as Anthropic.ToolUseBlock;
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: '12 C' };
    const messages: Anthropic.MessageParam[] = [
      ...user('Weather in Paris?'),
      { role: 'assistant', content: first.content },
      { role: 'user', content: [result] },
    ];
    const second = await client().messages.create({ ...ask, messages });
    expect(second).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: ANSWER }] });
    expect(secondPrompt()).toContain(CALL);
    expect(secondPrompt()).toContain(RESULT);
  });

  it('streams blocks that the client’s own helper puts together', async () => {
    const final = await client()
      .messages.stream({ ...ask, messages: user('Weather?') })
      .finalMessage();
    expect(final.content).toMatchObject([{ type: 'text' }, { type: 'tool_use', input: { city: 'Paris' } }]);
    expect(final.stop_reason).toBe('tool_use');
  });

  it('may ask for none', async () => {
    await client().messages.create({ ...ask, messages: user('Hi'), tool_choice: { type: 'none' } });
    expect(bridge.generator.requests[0]!.constraint).toBeUndefined();
  });
});

it('the AI SDK runs the functions that a model asks for', async () => {
  const cities: string[] = [];
  const inputSchema = jsonSchema<{ city: string }>(parameters);
  const execute = async ({ city }: { city: string }) => {
    cities.push(city);
    return '12 C';
  };
  const { text, steps } = await generateText({
    model: createOpenAICompatible({ name: 'shoal', baseURL: bridge.url })('Tiny'),
    prompt: 'Weather in Paris?',
    tools: { get_weather: tool({ description, inputSchema, execute }) },
    stopWhen: stepCountIs(3),
  });
  expect({ text, cities, steps: steps.length }).toEqual({ text: ANSWER, cities: ['Paris'], steps: 2 });
});
