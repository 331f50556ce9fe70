import * as v from 'valibot';

/** Changes nothing of the answer. */
const HARMLESS = v.optional(v.unknown());

const textBlocks = v.array(
  v.variant('type', [v.object({ type: v.literal('text'), text: v.string(), cache_control: HARMLESS })]),
);
/** Text, or blocks of text; told apart before they are checked, so that a fault names the block. */
const content = v.lazy(
  (value): v.GenericSchema<unknown, string | v.InferOutput<typeof textBlocks>> =>
    Array.isArray(value)
      ? textBlocks
      : v.string(({ received }) => `Expected a text or a list of blocks but received ${received}`),
);
const none = v.optional(v.pipe(v.array(v.unknown()), v.maxLength(0, 'tools are not supported yet')));

/** The fields that make the prompt. */
const promptEntries = {
  model: HARMLESS,
  system: v.optional(content),
  messages: v.pipe(
    v.array(v.object({ role: v.picklist(['user', 'assistant']), content })),
    v.minLength(1, 'Expected at least one message'),
  ),
  tools: none,
  tool_choice: v.optional(
    v.object({
      type: v.picklist(['auto', 'none'], 'tools are not supported yet'),
      disable_parallel_tool_use: HARMLESS,
    }),
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
type Content = PromptFields['messages'][number]['content'];

/** The engine's request of the same prompt: neighbouring messages of one role are one turn, as Anthropic has it. */
export function chatRequest({ system, messages, thinking }: PromptFields) {
  const turns: { role: 'system' | 'user' | 'assistant'; content: Exclude<Content, string> }[] = [];
  const said = [...(system === undefined ? [] : [{ role: 'system' as const, content: system }]), ...messages];
  for (const { role, content } of said) {
    const blocks = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: [...blocks] });
  }
  return { messages: turns, ...(thinking ? { extra_body: { enable_thinking: false } } : {}) };
}
