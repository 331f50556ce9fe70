import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import type { ChatMessage, ToolCall } from '../tokenizer/index.ts';
import { checkedFields } from './checked-fields.ts';

const textPart = v.variant('type', [v.object({ type: v.literal('text'), text: v.string() })]);
/** A text, or parts of text; told apart before they are checked, so that a fault names the part. */
const content = v.lazy(
  (value): v.GenericSchema<unknown, string> =>
    Array.isArray(value)
      ? v.pipe(
          v.array(textPart),
          v.transform((parts) => parts.map(({ text }) => text).join('\n')),
        )
      : v.string(({ received }) => `Expected a text or a list of parts but received ${received}`),
);
const name = v.nullish(v.string());
const roles = 'Expected "system", "user", "assistant" or "tool"';

/** A call as the answer gave it: its arguments are JSON as text. */
const toolCall = v.object({
  id: v.string(),
  type: v.literal('function'),
  function: v.object({
    name: v.string(),
    arguments: v.pipe(
      v.string(),
      v.transform(parsedArguments),
      v.record(v.string(), v.unknown(), 'Expected a JSON object as text'),
    ),
  }),
});

const messageSchema = v.variant(
  'role',
  [
    v.object({ role: v.picklist(['system', 'user']), content, name }),
    v.object({
      role: v.literal('assistant'),
      // An assistant's message of tool calls alone has null.
      content: v.nullish(content, ''),
      name,
      reasoning_content: v.nullish(v.string(), ''),
      tool_calls: v.nullish(v.array(toolCall)),
    }),
    v.object({ role: v.literal('tool'), content, tool_call_id: v.string(), name }),
  ],
  ({ received }) => `${roles} but received ${received}`,
);
const messagesSchema = v.object({ messages: v.array(messageSchema) });

/**
 * The messages of a request, checked.
 * @throws ShoalError `bad-request` naming the message and its field
 */
export function chatMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0)
    throw new ShoalError('bad-request', 'The request has no "messages"; send a list of at least one.');
  return checkedFields(messagesSchema, { messages }).messages.map((message) => ({
    role: message.role,
    content: message.content,
    ...(typeof message.name === 'string' ? { name: message.name } : {}),
    ...(message.role === 'assistant' && message.tool_calls?.length
      ? { tool_calls: message.tool_calls as readonly ToolCall[] }
      : {}),
    ...(message.role === 'assistant' && message.reasoning_content !== ''
      ? { reasoning_content: message.reasoning_content }
      : {}),
    ...(message.role === 'tool' ? { tool_call_id: message.tool_call_id } : {}),
  }));
}

function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return undefined;
  }
}
