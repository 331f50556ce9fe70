import { randomUUID } from 'node:crypto';
import { type Exchange, streamOrReply, type TypedEvent } from '../http/exchange.ts';
import { checked } from '../http/request-body.ts';
import type { Swarm } from '../tab/swarm.ts';
import { chatText, leave, type TextEnd } from './chat-text.ts';
import type { Endpoint } from './endpoint.ts';
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
  const texts = chatText(swarm, request, signal);
  try {
    // Before the first event, so that a faulty request is answered with a status.
    let next = await texts.next();
    const head = { id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model };
    const promptTokens = next.done ? next.value.usage.extra.whole_prompt_tokens : await swarm.promptSize(request);
    const open = { stop_reason: null, stop_sequence: null };
    yield { type: 'message_start', message: { ...head, content: [], ...open, usage: usage(promptTokens, 0) } };
    yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    let text = '';
    for (; !next.done; next = await texts.next()) {
      text += next.value;
      yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: next.value } };
    }
    yield { type: 'content_block_stop', index: 0 };
    const end = next.value;
    const closed = { stop_reason: stopReason(end), stop_sequence: end.stoppedBy ?? null };
    const total = usage(end.usage.extra.whole_prompt_tokens, end.usage.completion_tokens);
    yield { type: 'message_delta', delta: closed, usage: total };
    yield { type: 'message_stop' };
    return { ...head, content: [{ type: 'text', text }], ...closed, usage: total };
  } finally {
    await leave(texts);
  }
}

/** The caches are those that a request marks; Shoal's own KV caches need no mark and cost nothing. */
function usage(input_tokens: number, output_tokens: number) {
  return { input_tokens, output_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
}

function stopReason({ finishReason, stoppedBy }: TextEnd): string {
  if (stoppedBy !== undefined) return 'stop_sequence';
  return finishReason === 'length' ? 'max_tokens' : 'end_turn';
}
