import { randomUUID } from 'node:crypto';
import { type Exchange, streamOrReply, type TypedEvent } from '../http/exchange.ts';
import { checked } from '../http/request-body.ts';
import type { Swarm } from '../tab/swarm.ts';
import { type ChatEnd, chatParts, leave } from './chat-parts.ts';
import type { Endpoint } from './endpoint.ts';
import { checkModel } from './model-name.ts';
import { ResponseItems } from './response-items.ts';
import { calledBy } from './response-tools.ts';
import { chatRequest, type ResponsesFields, responsesSchema } from './responses-request.ts';

/**
 * `POST /v1/responses`: a message, calls of functions, or both as the answer. Nothing is stored, so no response can be gone on from by its id.
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export const responses: Endpoint = async (exchange, swarm) => {
  const model = checkModel(exchange.body.model, swarm);
  const fields = checked(responsesSchema, exchange.body);
  await streamOrReply(fields, exchange, numbered(responseEvents(exchange, swarm, model, fields)));
};

async function* numbered(events: AsyncGenerator<TypedEvent, object>): AsyncGenerator<TypedEvent, object> {
  try {
    for (let sequence_number = 0; ; sequence_number++) {
      const next = await events.next();
      if (next.done) return next.value;
      yield { ...next.value, sequence_number };
    }
  } finally {
    await events.return({});
  }
}

/** The events of a response; ends in the whole. */
async function* responseEvents(
  { signal }: Exchange,
  swarm: Swarm,
  model: string,
  fields: ResponsesFields,
): AsyncGenerator<TypedEvent, object> {
  const parts = chatParts(swarm, chatRequest(fields), signal);
  try {
    // Before the first event, so that a faulty request is answered with a status.
    let next = await parts.next();
    const head = responseHead(model, fields);
    const begun = { ...head, status: 'in_progress', output: [] };
    yield { type: 'response.created', response: begun };
    yield { type: 'response.in_progress', response: begun };
    const items = new ResponseItems(calledBy(fields.tools));
    for (; !next.done; next = await parts.next()) yield* items.add(next.value);
    const ending = endOf(next.value);
    yield* items.end(ending.status);
    const response = { ...head, ...ending, output: items.output };
    yield { type: `response.${ending.status}`, response };
    return response;
  } finally {
    await leave(parts);
  }
}

function responseHead(model: string, fields: ResponsesFields) {
  const { instructions, max_output_tokens, temperature, top_p, metadata, tools, tool_choice, text } = fields;
  return {
    ...{ id: `resp_${randomUUID()}`, object: 'response', created_at: Math.floor(Date.now() / 1000), model },
    ...{ error: null, incomplete_details: null, previous_response_id: null, usage: null, store: false },
    ...{ instructions: instructions ?? null, max_output_tokens: max_output_tokens ?? null, metadata },
    ...{ temperature: temperature ?? null, top_p: top_p ?? null, truncation: 'disabled' },
    ...{ text: { format: text?.format ?? { type: 'text' } }, tools, tool_choice: tool_choice ?? 'auto' },
    ...{ parallel_tool_calls: fields.parallel_tool_calls ?? true, top_logprobs: fields.top_logprobs ?? 0 },
  };
}

function endOf({ finishReason, usage: { extra, completion_tokens } }: ChatEnd) {
  const { whole_prompt_tokens: input_tokens, cached_prompt_tokens: cached_tokens } = extra;
  const usage = {
    ...{ input_tokens, input_tokens_details: { cached_tokens } },
    ...{ output_tokens: completion_tokens, output_tokens_details: { reasoning_tokens: 0 } },
    total_tokens: input_tokens + completion_tokens,
  };
  return finishReason === 'length'
    ? { status: 'incomplete' as const, incomplete_details: { reason: 'max_output_tokens' }, usage }
    : { status: 'completed' as const, usage };
}
