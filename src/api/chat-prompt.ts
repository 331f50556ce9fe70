import type { ChatCompletionRequest } from '@mlc-ai/web-llm';
import { ShoalError } from '../core/errors.ts';
import type { Prompt } from '../tokenizer/index.ts';
import { chatMessages } from './chat-messages.ts';

/**
 * What a chat request gives the model to read: up to where its answer begins, or goes on behind a last message of the
 * assistant.
 * @param tools - functions that it is told of
 * @throws ShoalError `bad-request` naming the field that is wrong or cannot be served
 */
export function chatPrompt(request: ChatCompletionRequest, tools: readonly unknown[] = []): Prompt {
  checkUnsupported(request);
  const thinking = request.extra_body?.enable_thinking;
  const variables = thinking === undefined || thinking === null ? {} : { enable_thinking: thinking };
  const options = { ...(tools.length > 0 ? { tools } : {}), variables };
  return { kind: 'chat', messages: chatMessages(request.messages), options };
}

function checkUnsupported(request: ChatCompletionRequest): void {
  const refuse = (what: string): never => {
    throw new ShoalError('bad-request', `${what} Leave it out of the request.`);
  };
  const resumable = request.extra_body?.resumable;
  if (resumable && resumable.enabled !== false) refuse('"extra_body.resumable" is not supported.');
}
