import * as v from 'valibot';

/** Changes nothing of the answer. */
const HARMLESS = v.optional(v.unknown());

const textBlock = v.object({ type: v.literal('text'), text: v.string(), cache_control: HARMLESS });
const textBlocks = v.array(v.variant('type', [textBlock]));
/** Text, or blocks; told apart before they are checked, so that a fault names the block. */
const orText = <Blocks extends v.GenericSchema>(blocks: Blocks) =>
  v.lazy(
    (value): v.GenericSchema<unknown, string | v.InferOutput<Blocks>> =>
      Array.isArray(value)
        ? blocks
        : v.string(({ received }) => `Expected a text or a list of blocks but received ${received}`),
  );
const text = orText(textBlocks);

const toolUse = v.object({
  type: v.literal('tool_use'),
  id: v.string(),
  name: v.string(),
  input: v.record(v.string(), v.unknown()),
  cache_control: HARMLESS,
});
/** A client's own search for tools has found this one. */
const toolReference = v.object({ type: v.literal('tool_reference'), tool_name: v.string(), cache_control: HARMLESS });
const toolResult = v.object({
  type: v.literal('tool_result'),
  tool_use_id: v.string(),
  content: v.optional(orText(v.array(v.variant('type', [textBlock, toolReference]))), ''),
  is_error: v.optional(v.boolean(), false),
  cache_control: HARMLESS,
});
const content = orText(v.array(v.variant('type', [textBlock, toolUse, toolResult])));

const tool = v.object({
  type: v.optional(v.literal('custom', 'tools that the service itself runs are not supported')),
  name: v.string(),
  description: v.optional(v.string()),
  input_schema: v.record(v.string(), v.unknown()),
  /** The model is told of the tool only once a result refers to it. */
  defer_loading: v.optional(v.boolean(), false),
  cache_control: HARMLESS,
});

/** No thinking block is ever sent, so there is none to clear. */
const edit = v.object({
  type: v.literal('clear_thinking_20251015', ({ received }) => `edits of type ${received} are not supported`),
});

/** The fields that make the prompt. */
const promptEntries = {
  model: HARMLESS,
  system: v.optional(text),
  messages: v.pipe(
    v.array(v.object({ role: v.picklist(['user', 'assistant', 'system']), content })),
    v.minLength(1, 'Expected at least one message'),
  ),
  tools: v.optional(v.array(tool), []),
  tool_choice: v.optional(
    v.variant('type', [
      v.object({ type: v.picklist(['auto', 'any']), disable_parallel_tool_use: v.optional(v.boolean(), false) }),
      v.object({
        type: v.literal('tool'),
        name: v.string(),
        disable_parallel_tool_use: v.optional(v.boolean(), false),
      }),
      v.object({ type: v.literal('none') }),
    ]),
  ),
  /** With `adaptive` the model decides, which is the case anyway. */
  thinking: v.optional(
    v.object({ type: v.picklist(['disabled', 'adaptive'], 'thinking blocks are not supported yet') }),
  ),
  context_management: v.optional(v.strictObject({ edits: v.optional(v.array(edit)) })),
  output_config: v.optional(
    v.strictObject({
      effort: HARMLESS,
      format: v.optional(
        v.nullable(v.object({ type: v.literal('json_schema'), schema: v.record(v.string(), v.unknown()) })),
      ),
    }),
  ),
  cache_control: HARMLESS,
};

/** `POST /v1/messages/count_tokens`. */
export const countSchema = v.strictObject(promptEntries);

/** `POST /v1/messages`; the engine checks the bounds of the numbers. */
export const messagesSchema = v.strictObject({
  ...promptEntries,
  max_tokens: v.number(),
  stop_sequences: v.optional(v.array(v.string()), []),
  stream: v.optional(v.boolean()),
  temperature: v.optional(v.number()),
  top_p: v.optional(v.number()),
  top_k: v.optional(v.number()),
  metadata: HARMLESS,
  service_tier: HARMLESS,
});

type PromptFields = v.InferOutput<typeof countSchema>;
type Text = string | readonly v.InferOutput<typeof textBlock | typeof toolReference>[];

/** A turn as the engine takes it. */
interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: { readonly type: 'text'; readonly text: string }[];
  readonly tool_call_id?: string;
  readonly tool_calls?: object[];
}

/** The engine's request of the same prompt: neighbouring messages of one role are one turn, as Anthropic has it. */
export function chatRequest(fields: PromptFields) {
  const { system, messages, tool_choice: choice, thinking } = fields;
  const turns = new Turns();
  if (system !== undefined) turns.say('system', blocksOf(system));
  for (const { role, content: said } of messages) {
    for (const block of typeof said === 'string' ? blocksOf(said) : said) {
      if (block.type === 'text') turns.say(role, [block]);
      else if (block.type === 'tool_use') turns.call(block);
      else turns.result(block);
    }
  }
  const tools = toldTools(fields);
  const schema = fields.output_config?.format?.schema;
  return {
    messages: turns.all,
    ...(tools.length > 0 ? { tools: tools.map(functionOf) } : {}),
    ...(choice ? choiceOf(choice) : {}),
    ...(thinking?.type === 'disabled' ? { extra_body: { enable_thinking: false } } : {}),
    ...(schema
      ? { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } }
      : {}),
  };
}

/** All but those that are deferred, and that no result has referred to yet. */
function toldTools({ tools, messages }: PromptFields): PromptFields['tools'] {
  const results = messages
    .flatMap(({ content: said }) => (typeof said === 'string' ? [] : said))
    .flatMap((block) => (block.type === 'tool_result' && typeof block.content !== 'string' ? block.content : []));
  const found = new Set(results.map((block) => (block.type === 'tool_reference' ? block.tool_name : undefined)));
  return tools.filter(({ name, defer_loading }) => !defer_loading || found.has(name));
}

class Turns {
  readonly all: Turn[] = [];

  say(role: 'system' | 'user' | 'assistant', blocks: Turn['content']): void {
    this.#turn(role).content.push(...blocks);
  }

  call({ id, name, input }: v.InferOutput<typeof toolUse>): void {
    const call = { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
    this.#turn('assistant').tool_calls!.push(call);
  }

  result({ tool_use_id, content: said, is_error }: v.InferOutput<typeof toolResult>): void {
    const blocks = blocksOf(said);
    const told = is_error ? [{ type: 'text' as const, text: 'The call has failed.' }, ...blocks] : blocks;
    this.all.push({ role: 'tool', content: told, tool_call_id: tool_use_id });
  }

  #turn(role: 'system' | 'user' | 'assistant'): Turn {
    const last = this.all.at(-1);
    if (last?.role === role) return last;
    const turn: Turn = { role, content: [], ...(role === 'assistant' ? { tool_calls: [] } : {}) };
    this.all.push(turn);
    return turn;
  }
}

function blocksOf(said: Text): Turn['content'] {
  const blocks = typeof said === 'string' ? [{ type: 'text' as const, text: said }] : said;
  return blocks.map((block) => ({
    type: 'text',
    text: block.type === 'text' ? block.text : `The tool ${block.tool_name} can be called now.`,
  }));
}

function functionOf({ name, description, input_schema: parameters }: v.InferOutput<typeof tool>) {
  return { type: 'function', function: { name, description, parameters } };
}

function choiceOf(choice: NonNullable<PromptFields['tool_choice']>) {
  if (choice.type === 'none') return { tool_choice: 'none' };
  const named = { type: 'function', function: { name: choice.type === 'tool' ? choice.name : '' } };
  const words = { auto: 'auto', any: 'required', tool: named } as const;
  return { tool_choice: words[choice.type], parallel_tool_calls: !choice.disable_parallel_tool_use };
}
