import type { ChatCompletionMessageParam, ChatCompletionRequest } from '@mlc-ai/web-llm';
import { ShoalError } from '../core/errors.ts';
import type { ChatMessage, Tokenizer } from '../tokenizer/index.ts';

/**
 * A chat request's messages as the text that the model was trained on, up to where its answer begins.
 * @throws ShoalError `bad-request` for what this model or Shoal cannot do, and for messages its template refuses
 */
export function renderChatPrompt(request: ChatCompletionRequest, tokenizer: Tokenizer): string {
  const thinking = request.extra_body?.enable_thinking;
  return tokenizer.renderChat(request.messages.map(chatMessage), {
    addGenerationPrompt: true,
    variables: thinking === undefined || thinking === null ? {} : { enable_thinking: thinking },
  });
}

/** @throws ShoalError `bad-request` naming the field that cannot be served */
export function checkChatRequest(request: ChatCompletionRequest): void {
  const refuse = (what: string): never => {
    throw new ShoalError('bad-request', `${what} Leave it out of the request.`);
  };
  if (!Array.isArray(request.messages) || request.messages.length === 0)
    throw new ShoalError('bad-request', 'The request has no "messages"; send a list of at least one.');
  if (request.tools?.length) refuse('"tools" is not supported yet.');
  if (request.tool_choice && request.tool_choice !== 'none') refuse('"tool_choice" is not supported yet.');
  if (request.response_format?.type && request.response_format.type !== 'text')
    refuse(`"response_format" of type "${request.response_format.type}" is not supported yet.`);
  const resumable = request.extra_body?.resumable;
  if (resumable && resumable.enabled !== false) refuse('"extra_body.resumable" is not supported.');
  request.messages.forEach(chatMessage);
}

function chatMessage(message: ChatCompletionMessageParam): ChatMessage {
  const { role } = message;
  if (role === 'tool' || (role === 'assistant' && message.tool_calls?.length))
    throw new ShoalError('bad-request', 'Messages of tool calls are not supported yet.');
  const content = textOf(message.content);
  return 'name' in message && message.name !== undefined ? { role, content, name: message.name } : { role, content };
}

function textOf(content: ChatCompletionMessageParam['content']): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new ShoalError('bad-request', `The model reads text only; a message has a part of type "${part.type}".`);
    })
    .join('\n');
}
