import type { Exchange } from '../http/exchange.ts';
import type { Endpoint } from './endpoint.ts';
import { checkModel } from './model-name.ts';
import { answerOpenAi } from './openai-answer.ts';

/**
 * `POST /v1/chat/completions`. The engine has OpenAI's shapes, and checks the request itself.
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export const chatCompletions: Endpoint = async (exchange, swarm) => {
  const { model, stream: _, reasoning_effort: effort, ...options } = exchange.body;
  checkModel(model, swarm);
  const request = { ...options, ...thinkingOf(effort, options), messages: withSystem(options.messages) };
  await answerOpenAi(exchange, {
    whole: () => swarm.chat(request, exchange.signal),
    chunks: () => swarm.chatStream(request, exchange.signal),
  });
};

/** `developer` is OpenAI's newer name for the system. */
function withSystem(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  return messages.map((message: { readonly role?: unknown } | null) =>
    message?.role === 'developer' ? { ...message, role: 'system' } : message,
  );
}

/** How long a model thinks is its own affair, unless it is not to. */
function thinkingOf(effort: unknown, { extra_body: extra }: Exchange['body']): object {
  if (effort !== 'none') return {};
  return { extra_body: { enable_thinking: false, ...(extra as object | undefined) } };
}
