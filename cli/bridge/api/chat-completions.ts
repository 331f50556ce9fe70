import type { Endpoint } from './endpoint.ts';
import { checkModel } from './model-name.ts';
import { answerOpenAi } from './openai-answer.ts';

/**
 * `POST /v1/chat/completions`. The engine has OpenAI's shapes, and checks the request itself.
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export const chatCompletions: Endpoint = async (exchange, swarm) => {
  const { model, stream: _, ...options } = exchange.body;
  checkModel(model, swarm);
  const request = { ...options, messages: withSystem(options.messages) };
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
