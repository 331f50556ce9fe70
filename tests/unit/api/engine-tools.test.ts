import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { ShoalEngine } from '../../../src/api/index.ts';
import { callParameters } from '../../../src/api/structured/call-parameters.ts';
import { CallScanner, type ScannedPart } from '../../../src/api/structured/call-scanner.ts';
import { LocalModelText, type Prompt, type ToolFormat } from '../../../src/tokenizer/index.ts';
import { GrammarWalker } from '../../support/grammar-walker.ts';
import { localGrammars } from '../../support/local-grammars.ts';
import { readAll, scriptedEngineOf, tokenizer, user } from '../../support/scripted-engine.ts';

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Tells the weather.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 }, days: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['city'],
    },
  },
} as const;
const CLOCK = { type: 'function', function: { name: 'now' } } as const;
const tools = [WEATHER, CLOCK];
const messages = user('What is the weather in Paris?');
const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "a \\"}\\" b", "days": 2}}\n</tool_call>';
const ARGUMENTS = '{"city": "a \\"}\\" b", "days": 2}';
const anId = expect.stringMatching(/^[a-zA-Z0-9]{9}$/);

/** A model that calls functions in this way, and says whatever it may. */
function walking(toolFormat: ToolFormat, seed = 1) {
  const prompts: Prompt[] = [];
  const local = new LocalModelText(tokenizer);
  const generator = new GrammarWalker(tokenizer, seed, toolFormat === 'parameters');
  const engine = new ShoalEngine({
    generator,
    text: async () => ({
      tokens: tokenizer,
      sampling: {},
      toolFormat,
      encode: async (prompt, enough) => {
        prompts.push(prompt);
        return local.encode({ kind: 'text', text: 'Go on.' }, enough);
      },
    }),
    grammars: localGrammars(tokenizer.data),
    modelId: () => 'Walker',
    contextLength: () => 8192,
  });
  return { engine, generator, prompts };
}

/** A model that says this, and knows functions by Shoal's words only. */
const scripted = (text: string) => scriptedEngineOf([text], 4096);

describe('an answer that has to call a function', () => {
  const valid = new Ajv2020().compile(WEATHER.function.parameters);

  it.each<ToolFormat>(['tags', 'parameters', 'json', 'list', 'named', 'identified', 'channels', 'none'])(
    'as the model writes it (%s) does so with arguments of its schema',
    async (format) => {
      for (let seed = 0; seed < 4; seed++) {
        const { engine } = walking(format, seed);
        const { choices } = await engine.chatCompletion({
          messages,
          tools: [WEATHER],
          tool_choice: 'required',
        } as never);
        const [{ message, finish_reason }] = choices as [(typeof choices)[number]];
        expect(finish_reason).toBe('tool_calls');
        expect(message).toMatchObject({ content: null, tool_calls: [{ id: anId, type: 'function' }] });
        const [{ function: called }] = message.tool_calls as [NonNullable<typeof message.tool_calls>[number]];
        expect(called.name).toBe('get_weather');
        expect(valid(JSON.parse(called.arguments))).toBe(true);
      }
    },
  );

  it('calls the one that is named', async () => {
    const { engine } = walking('tags');
    const tool_choice = { type: 'function', function: { name: 'now' } };
    const { choices } = await engine.chatCompletion({ messages, tools, tool_choice } as never);
    expect(choices[0]!.message.tool_calls).toMatchObject([{ function: { name: 'now', arguments: '{}' } }]);
  });
});

describe('an answer that may call functions', () => {
  it('has its calls apart from its text', async () => {
    const { engine } = scripted(`Let me look.\n${CALL}`);
    const { choices } = await engine.chatCompletion({ messages, tools } as never);
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Let me look.',
        tool_calls: [{ id: anId, type: 'function', function: { name: 'get_weather', arguments: ARGUMENTS } }],
      },
    });
  });

  it('may forget the tags of a call, and say what looks like one', async () => {
    const { engine } = scripted('{"name": "Ann"} {"name": "get_weather", "arguments": {"city": "Paris"}}');
    const { choices } = await engine.chatCompletion({ messages, tools } as never);
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: '{"name": "Ann"}', tool_calls: [{ function: { arguments: '{"city": "Paris"}' } }] },
    });
  });

  it('has several, each with its own id', async () => {
    const { engine } = scripted(`${CALL}\n${CALL}`);
    const { choices } = await engine.chatCompletion({ messages, tools } as never);
    const calls = choices[0]!.message.tool_calls!;
    expect(calls.map(({ function: called }) => called.arguments)).toEqual([ARGUMENTS, ARGUMENTS]);
    expect(calls[0]!.id).not.toBe(calls[1]!.id);
  });

  it('has the ids that the model gives its calls', async () => {
    const call = (id: string) => `[TOOL_CALLS]get_weather[CALL_ID]${id}[ARGS]${ARGUMENTS}`;
    const { engine } = scriptedEngineOf([`Well. ${call('abcDEF123')}${call('xyz456789')}`], 4096, 'identified');
    const { choices } = await engine.chatCompletion({ messages, tools } as never);
    expect(choices[0]!.message).toMatchObject({
      content: 'Well.',
      tool_calls: [
        { id: 'abcDEF123', function: { name: 'get_weather', arguments: ARGUMENTS } },
        { id: 'xyz456789', function: { name: 'get_weather', arguments: ARGUMENTS } },
      ],
    });
  });

  it('is streamed as it is made: a call first, then its arguments', async () => {
    const { engine } = scripted(`Well. ${CALL}`);
    const chunks = await readAll(await engine.chatCompletion({ messages, tools: [...tools], stream: true }));
    const deltas = chunks.map(({ choices }) => choices[0]!.delta);
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Well.');
    const calls = deltas.flatMap(({ tool_calls }) => tool_calls ?? []);
    expect(calls[0]).toMatchObject({ index: 0, id: anId, function: { name: 'get_weather', arguments: '' } });
    expect(calls.slice(1).every(({ id, index }) => id === undefined && index === 0)).toBe(true);
    expect(calls.map(({ function: called }) => called!.arguments).join('')).toBe(ARGUMENTS);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
  });

  it('may call none', async () => {
    const { engine } = scripted('It <tool is> fine.');
    const { choices } = await engine.chatCompletion({ messages, tools } as never);
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'It <tool is> fine.' } });
    expect(choices[0]!.message).not.toHaveProperty('tool_calls');
  });
});

describe('a conversation with calls', () => {
  const call = { id: 'abc', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } };
  const conversation = [
    ...messages,
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'abc', content: '12 °C' },
    { role: 'user', content: 'And now?' },
  ];

  it('goes to a template that knows functions as it is', async () => {
    const { engine, prompts } = walking('tags');
    await engine.chatCompletion({ messages: conversation, tools, tool_choice: 'required' } as never);
    expect(prompts[0]).toMatchObject({
      messages: [
        {},
        { role: 'assistant', content: '', tool_calls: [{ function: { arguments: { city: 'Paris' } } }] },
        { role: 'tool', tool_call_id: 'abc', content: '12 °C' },
        {},
      ],
      options: { tools },
    });
  });

  it('goes to one that knows none as text', async () => {
    const { engine, prompts } = walking('none');
    await engine.chatCompletion({ messages: conversation, tools, tool_choice: 'required' } as never);
    const [prompt] = prompts as [Prompt & { kind: 'chat' }];
    expect(prompt.options).not.toHaveProperty('tools');
    expect(prompt.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(prompt.messages[0]!.content).toContain('"name":"get_weather"');
    expect(prompt.messages[2]!.content).toBe(
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    );
    expect(prompt.messages[3]!.content).toBe('<tool_response>\n12 °C\n</tool_response>\nAnd now?');
  });

  it('says nothing of tools where none is to be called', async () => {
    const { engine, generator } = scripted('Fine.');
    await engine.chatCompletion({ messages, tools, tool_choice: 'none' } as never);
    expect(generator.requests[0]!.constraint).toBeUndefined();
  });
});

describe('a request of tools that cannot be served', () => {
  it.each([
    [{ tools: [{ type: 'retrieval' }] }, '"tools[0].type" is wrong'],
    [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, '"tools[0].function.name" is wrong'],
    [{ tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'array' } } }] }, 'an object'],
    [{ tools, tool_choice: 'sometimes' }, '"tool_choice" is wrong'],
    [{ tools, tool_choice: { type: 'function', function: { name: 'other' } } }, 'is called "other"'],
    [{ tool_choice: 'required' }, 'no "tools"'],
    [{ tools, response_format: { type: 'json_object' } }, '"tools" and a "response_format"'],
    [
      { tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: { type: 'object', not: {} } } }] },
      'has "not", to which answers cannot be held',
    ],
    [{ messages: [{ role: 'tool', content: 'x' }] }, '"messages[0].tool_call_id"'],
    [
      {
        messages: [
          { role: 'assistant', tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{' } }] },
        ],
      },
      '"messages[0].tool_calls[0].function.arguments"',
    ],
  ])('%j says why', async (request, words) => {
    const { engine, generator } = scripted('Fine.');
    await expect(engine.chatCompletion({ messages, ...request } as never)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining(words),
    });
    expect(generator.requests).toEqual([]);
  });
});

describe('calls in a text', () => {
  const syntaxes = [
    { name: 'f', begin: '<call>f(', end: ')</call>' },
    { name: 'g', begin: '<call>g(', end: ')</call>' },
  ];
  /** All that is told of a text that comes in pieces of so many characters. */
  const scanned = (scanner: CallScanner, text: string, size: number): ScannedPart[] => {
    const parts: ScannedPart[] = [];
    for (let at = 0; at < text.length; at += size) parts.push(...scanner.push(text.slice(at, at + size)));
    return [...parts, ...scanner.flush()];
  };
  /** A line for each text, call and arguments. */
  const merged = (parts: readonly ScannedPart[]) => {
    const lines: { kind: string; text: string }[] = [];
    for (const part of parts) {
      const last = lines.at(-1);
      if (part.kind === 'call') lines.push({ kind: '#', text: `${part.index}${part.name}` });
      else if (last?.kind === part.kind) last.text += part.text;
      else lines.push({ kind: part.kind, text: part.text });
    }
    return lines.map(({ kind, text }) => `${kind} ${text}`);
  };

  it.each([1, 2, 3, 7, 100])('are found in pieces of %i characters', (size) => {
    const text = ' Hi <call> <call>f({"a": "}\\"{", "b": [{}]})</call>\n <call>g({})</call>\n';
    const scanner = new CallScanner(syntaxes);
    expect(merged(scanned(scanner, text, size))).toEqual([
      'text  Hi <call>',
      '# 0f',
      'arguments {"a": "}\\"{", "b": [{}]}',
      '# 1g',
      'arguments {}',
    ]);
    expect(scanner.calls).toBe(2);
  });

  it.each([1, 3, 100])('are found with their parameters one by one, in pieces of %i characters', (size) => {
    const parameters = callParameters(
      JSON.stringify({
        $defs: { many: { type: 'array' } },
        properties: {
          path: { type: 'string' },
          mode: { enum: ['r', 'w'] },
          lines: { $ref: '#/$defs/many' },
          any: true,
        },
        required: ['path'],
      }),
    );
    expect(parameters.map(({ value: { kind }, required }) => `${kind}${required ? '!' : ''}`)).toEqual([
      ...['text!', 'one-of', 'json', 'json'],
    ]);
    const scanner = new CallScanner([{ name: 'f', begin: '<call>\n', parameters, end: '</call>' }]);
    const text = `Hi <call>
<parameter=path>
a "b"
<parameter=mode>
</parameter>
<parameter=mode>
w
</parameter>
<parameter=lines>
[1, 2]
</parameter>
</call>
<call>
</call>`;
    expect(merged(scanned(scanner, text, size))).toEqual([
      'text Hi',
      '# 0f',
      'arguments {"path": "a \\"b\\"\\n<parameter=mode>", "mode": "w", "lines": [1, 2]}',
      '# 1f',
      'arguments {}',
    ]);
  });

  it('that end in the middle keep what was said', () => {
    const scanner = new CallScanner(syntaxes);
    expect(merged([...scanner.push('<call>f({"a": '), ...scanner.flush()])).toEqual(['# 0f', 'arguments {"a": ']);
  });
});
