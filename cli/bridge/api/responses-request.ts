import * as v from 'valibot';
import { engineName, functionsOf, toolSchema } from './response-tools.ts';

/** Changes nothing of the answer. */
const HARMLESS = v.optional(v.unknown());

const textPart = v.variant('type', [
  v.object({ type: v.picklist(['input_text', 'output_text', 'text']), text: v.string() }),
]);
/** Text, or parts of text; told apart before they are checked, so that a fault names the part. */
const content = v.lazy(
  (value): v.GenericSchema<unknown, string | { readonly text: string }[]> =>
    Array.isArray(value)
      ? v.array(textPart)
      : v.string(({ received }) => `Expected a text or a list of parts but received ${received}`),
);
/** A message as it was given, or as an earlier response put it out. */
const message = v.object({
  type: v.optional(v.literal('message', ({ received }) => `items of type ${received} are not supported`)),
  role: v.picklist(['system', 'developer', 'user', 'assistant']),
  content,
});
const call = v.object({
  type: v.literal('function_call'),
  call_id: v.string(),
  name: v.string(),
  namespace: v.optional(v.nullable(v.string())),
  arguments: v.string(),
});
/** As an earlier response put it out. */
const thought = v.object({
  type: v.literal('reasoning'),
  content: v.optional(v.nullable(v.array(v.object({ type: v.literal('reasoning_text'), text: v.string() })))),
});
const result = v.object({ type: v.literal('function_call_output'), call_id: v.string(), output: content });
type Item = v.InferOutput<typeof message | typeof call | typeof result | typeof thought>;
const ITEMS = new Map<unknown, v.GenericSchema<unknown, Item>>(
  [call, result, thought].map((schema) => [schema.entries.type.literal, schema]),
);
/** Told apart by their type, which a message need not have. */
const item = v.lazy((value) => {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return ITEMS.get(type) ?? message;
});
const input = v.lazy(
  (value): v.GenericSchema<unknown, string | Item[]> =>
    Array.isArray(value)
      ? v.pipe(v.array(item), v.minLength(1, 'Expected at least one message'))
      : v.string(({ received }) => `Expected a text or a list of messages but received ${received}`),
);
const only = <Value extends string | boolean>(value: Value, why: string) => v.optional(v.literal(value, why));

const LOGPROBS = 'message.output_text.logprobs';
/** Beside the logprobs, more of items that no response of the bridge has: there is nothing to leave out. */
const included = v.picklist(
  [
    LOGPROBS,
    'reasoning.encrypted_content',
    'code_interpreter_call.outputs',
    'computer_call_output.output.image_url',
    'file_search_call.results',
    'message.input_image.image_url',
    'web_search_call.action.sources',
    'web_search_call.results',
  ],
  ({ received }) => `${received} cannot be included`,
);

/** `POST /v1/responses`; the engine checks the bounds of the numbers. */
export const responsesSchema = v.strictObject({
  model: HARMLESS,
  input,
  instructions: v.optional(v.string()),
  max_output_tokens: v.optional(v.number()),
  temperature: v.optional(v.number()),
  top_p: v.optional(v.number()),
  stream: v.optional(v.boolean()),
  stream_options: HARMLESS,
  metadata: v.optional(v.record(v.string(), v.string()), {}),
  text: v.optional(
    v.strictObject({
      format: v.optional(
        v.variant('type', [
          v.object({ type: v.picklist(['text', 'json_object']) }),
          v.object({
            type: v.literal('json_schema'),
            name: HARMLESS,
            description: HARMLESS,
            schema: v.record(v.string(), v.unknown()),
            strict: v.optional(v.nullable(v.boolean())),
          }),
        ]),
      ),
      verbosity: HARMLESS,
    }),
  ),
  tools: v.optional(v.array(toolSchema), []),
  tool_choice: v.optional(
    v.union([v.picklist(['auto', 'none', 'required']), v.object({ type: v.literal('function'), name: v.string() })]),
  ),
  parallel_tool_calls: v.optional(v.boolean()),
  max_tool_calls: HARMLESS,
  include: v.optional(v.nullable(v.array(included))),
  top_logprobs: v.optional(v.nullable(v.number())),
  /** How long a model thinks is its own affair, unless it is not to. */
  reasoning: v.optional(v.object({ effort: v.optional(v.nullable(v.string())) })),
  background: only(false, 'answers are made while the client waits'),
  truncation: only('disabled', 'nothing is left out of a conversation that is too long'),
  store: HARMLESS,
  user: HARMLESS,
  client_metadata: HARMLESS,
  service_tier: HARMLESS,
  safety_identifier: HARMLESS,
  prompt_cache_key: HARMLESS,
  prompt_cache_retention: HARMLESS,
});

/** A checked request. */
export type ResponsesFields = v.InferOutput<typeof responsesSchema>;

/** The engine's request of the same prompt. */
export function chatRequest(fields: ResponsesFields) {
  const { input: said, instructions, max_output_tokens, temperature, top_p, tools, tool_choice: choice } = fields;
  const items = typeof said === 'string' ? [{ role: 'user' as const, content: said }] : said;
  const system = instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }];
  const named = typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
  const format = fields.text?.format;
  return {
    messages: messagesOf(withOneSystem([...system, ...items])),
    ...{ max_tokens: max_output_tokens, temperature, top_p },
    ...(fields.include?.includes(LOGPROBS) ? { logprobs: true, top_logprobs: fields.top_logprobs ?? 0 } : {}),
    ...(tools.length > 0 ? { tools: functionsOf(tools) } : {}),
    ...(fields.reasoning?.effort === 'none' ? { extra_body: { enable_thinking: false } } : {}),
    ...{ tool_choice: named, parallel_tool_calls: fields.parallel_tool_calls },
    response_format: format?.type === 'json_schema' ? { type: 'json_schema', json_schema: format } : format,
  };
}

/** Thoughts go with the call that follows them in the turn. */
function messagesOf(items: readonly Item[]): object[] {
  let reasoning_content = '';
  return items.flatMap((said) => {
    if (said.type === 'reasoning') {
      const texts = (said.content ?? []).map(({ text }) => text);
      reasoning_content = [reasoning_content, ...texts].filter(Boolean).join('\n\n');
      return [];
    }
    const isCall = said.type === 'function_call';
    const message = { ...messageOf(said), ...(isCall ? { reasoning_content } : {}) };
    if (isCall || ('role' in said && said.role !== 'assistant')) reasoning_content = '';
    return [message];
  });
}

function messageOf(said: Exclude<Item, { readonly type: 'reasoning' }>) {
  if ('output' in said) return { role: 'tool', tool_call_id: said.call_id, content: contentOf(said.output) };
  if ('call_id' in said) {
    const { call_id: id, arguments: given } = said;
    return {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name: engineName(said), arguments: given } }],
    };
  }
  return { role: roleOf(said), content: contentOf(said.content) };
}

/** `developer` is OpenAI's newer name for the system. */
function roleOf({ role }: v.InferOutput<typeof message>) {
  return role === 'developer' ? 'system' : role;
}

/** Neighbouring messages of the system as one: most templates have room for one, at the beginning. */
function withOneSystem(items: readonly Item[]): Item[] {
  const joined: Item[] = [];
  for (const next of items) {
    const last = joined.at(-1);
    if (last && isSystem(last) && isSystem(next))
      joined[joined.length - 1] = { ...last, content: [...partsOf(last.content), ...partsOf(next.content)] };
    else joined.push(next);
  }
  return joined;
}

function isSystem(said: Item): said is v.InferOutput<typeof message> {
  return 'role' in said && roleOf(said) === 'system';
}

function contentOf(said: v.InferOutput<typeof content>) {
  return typeof said === 'string' ? said : said.map(({ text }) => ({ type: 'text', text }));
}

function partsOf(said: v.InferOutput<typeof content>) {
  return typeof said === 'string' ? [{ text: said }] : said;
}
