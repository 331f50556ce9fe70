import * as v from 'valibot';

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
const input = v.lazy(
  (value): v.GenericSchema<unknown, string | v.InferOutput<typeof message>[]> =>
    Array.isArray(value)
      ? v.pipe(v.array(message), v.minLength(1, 'Expected at least one message'))
      : v.string(({ received }) => `Expected a text or a list of messages but received ${received}`),
);
const empty = (why: string) => v.optional(v.pipe(v.array(v.unknown()), v.maxLength(0, why)));
const only = <Value extends string | boolean>(value: Value, why: string) => v.optional(v.literal(value, why));

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
      format: v.optional(v.object({ type: v.literal('text', 'formats other than text are not supported yet') })),
    }),
  ),
  tools: empty('tools are not supported yet'),
  tool_choice: v.optional(v.picklist(['auto', 'none'], 'tools are not supported yet')),
  parallel_tool_calls: HARMLESS,
  max_tool_calls: HARMLESS,
  include: empty('nothing can be included'),
  background: only(false, 'answers are made while the client waits'),
  truncation: only('disabled', 'nothing is left out of a conversation that is too long'),
  store: HARMLESS,
  user: HARMLESS,
  service_tier: HARMLESS,
  safety_identifier: HARMLESS,
  prompt_cache_key: HARMLESS,
  prompt_cache_retention: HARMLESS,
});

/** A checked request. */
export type ResponsesFields = v.InferOutput<typeof responsesSchema>;

/** The engine's request of the same prompt. */
export function chatRequest({ input, instructions, max_output_tokens, temperature, top_p }: ResponsesFields) {
  const said = typeof input === 'string' ? [{ role: 'user' as const, content: input }] : input;
  const messages = said.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : content.map(({ text }) => ({ type: 'text', text })),
  }));
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  return { messages: [...system, ...messages], max_tokens: max_output_tokens, temperature, top_p };
}
