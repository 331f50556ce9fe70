import { randomUUID } from 'node:crypto';
import { type Exchange, streamOrReply, type TypedEvent } from '../http/exchange.ts';
import { checked } from '../http/request-body.ts';
import type { Swarm } from '../tab/swarm.ts';
import { type ChatEnd, chatParts, leave } from './chat-parts.ts';
import type { Endpoint } from './endpoint.ts';
import { MessageBlocks } from './message-blocks.ts';
import { chatRequest, countSchema, messagesSchema } from './messages-request.ts';
import { checkModel } from './model-name.ts';

/**
 * `POST /v1/messages`, Anthropic's.
 * @see https://docs.anthropic.com/en/api/messages
 */
export const messages: Endpoint = async (exchange, swarm) => {
  const model = checkModel(exchange.body.model, swarm);
  const fields = checked(messagesSchema, exchange.body);
  const { max_tokens, stop_sequences: stop, temperature, top_p, top_k } = fields;
  const request = { ...chatRequest(fields), max_tokens, stop, temperature, top_p, top_k };
  await streamOrReply(fields, exchange, messageEvents(exchange, swarm, model, request));
};

/** `POST /v1/messages/count_tokens`. */
export const countTokens: Endpoint = async (exchange, swarm) => {
  checkModel(exchange.body.model, swarm);
  const request = chatRequest(checked(countSchema, exchange.body));
  exchange.reply({ input_tokens: await swarm.promptSize(request) });
};

/** The events of a message; ends in the whole. */
async function* messageEvents(
  { signal }: Exchange,
  swarm: Swarm,
  model: string,
  request: object,
): AsyncGenerator<TypedEvent, object> {
  const parts = chatParts(swarm, request, signal);
  try {
    // Before the first event, so that a faulty request is answered with a status.
    let next = await parts.next();
    const head = { id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model };
    const promptTokens = next.done ? next.value.usage.extra.whole_prompt_tokens : await swarm.promptSize(request);
    const open = { stop_reason: null, stop_sequence: null };
    yield { type: 'message_start', message: { ...head, content: [], ...open, usage: usage(promptTokens, 0) } };
    const content = new MessageBlocks();
    for (; !next.done; next = await parts.next()) yield* content.add(next.value);
    yield* content.end();
    const end = next.value;
    const closed = { stop_reason: stopReason(end), stop_sequence: end.stoppedBy ?? null };
    const total = usage(end.usage.extra.whole_prompt_tokens, end.usage.completion_tokens);
    yield { type: 'message_delta', delta: closed, usage: total };
    yield { type: 'message_stop' };
    return { ...head, content: content.blocks, ...closed, usage: total };
  } finally {
    await leave(parts);
  }
}

/** The caches are those that a request marks; Shoal's own KV caches need no mark and cost nothing. */
function usage(input_tokens: number, output_tokens: number) {
  return { input_tokens, output_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
}

function stopReason({ finishReason, stoppedBy }: ChatEnd): string {
  if (finishReason === 'tool_calls') return 'tool_use';
  if (stoppedBy !== undefined) return 'stop_sequence';
  return finishReason === 'length' ? 'max_tokens' : 'end_turn';
}
