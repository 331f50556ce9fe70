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
const toolResult = v.object({
  type: v.literal('tool_result'),
  tool_use_id: v.string(),
  content: v.optional(text, ''),
  is_error: v.optional(v.boolean(), false),
  cache_control: HARMLESS,
});
const content = orText(v.array(v.variant('type', [textBlock, toolUse, toolResult])));

const tool = v.object({
  type: v.optional(v.literal('custom', 'tools that the service itself runs are not supported')),
  name: v.string(),
  description: v.optional(v.string()),
  input_schema: v.record(v.string(), v.unknown()),
  cache_control: HARMLESS,
});

/** The fields that make the prompt. */
const promptEntries = {
  model: HARMLESS,
  system: v.optional(text),
  messages: v.pipe(
    v.array(v.object({ role: v.picklist(['user', 'assistant']), content })),
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
  thinking: v.optional(v.object({ type: v.literal('disabled', 'thinking blocks are not supported yet') })),
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
type Text = v.InferOutput<typeof text>;

/** A turn as the engine takes it. */
interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: { readonly type: 'text'; readonly text: string }[];
  readonly tool_call_id?: string;
  readonly tool_calls?: object[];
}

/** The engine's request of the same prompt: neighbouring messages of one role are one turn, as Anthropic has it. */
export function chatRequest({ system, messages, tools, tool_choice: choice, thinking }: PromptFields) {
  const turns = new Turns();
  if (system !== undefined) turns.say('system', blocksOf(system));
  for (const { role, content: said } of messages) {
    for (const block of typeof said === 'string' ? blocksOf(said) : said) {
      if (block.type === 'text') turns.say(role, [block]);
      else if (block.type === 'tool_use') turns.call(block);
      else turns.result(block);
    }
  }
  return {
    messages: turns.all,
    ...(tools.length > 0 ? { tools: tools.map(functionOf) } : {}),
    ...(choice ? choiceOf(choice) : {}),
    ...(thinking ? { extra_body: { enable_thinking: false } } : {}),
  };
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
  return blocks.map(({ type, text: words }) => ({ type, text: words }));
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
