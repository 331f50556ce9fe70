import type { ChatCompletionRequest } from '@mlc-ai/web-llm';
import { ShoalError } from '../core/errors.ts';
import type { Prompt } from '../tokenizer/index.ts';
import { chatMessages } from './chat-messages.ts';
import { planTools } from './tools/tool-request.ts';

/**
 * What a chat request gives the model to read: up to where its answer begins, or goes on behind a last message of the
 * assistant.
 * @throws ShoalError `bad-request` naming the field that is wrong or cannot be served
 */
export function chatPrompt(request: ChatCompletionRequest): Prompt {
  checkUnsupported(request);
  const thinking = request.extra_body?.enable_thinking;
  const tools = planTools(request) ? { tools: request.tools ?? [] } : {};
  const variables = thinking === undefined || thinking === null ? {} : { enable_thinking: thinking };
  return { kind: 'chat', messages: chatMessages(request.messages), options: { ...tools, variables } };
}

function checkUnsupported(request: ChatCompletionRequest): void {
  const refuse = (what: string): never => {
    throw new ShoalError('bad-request', `${what} Leave it out of the request.`);
  };
  const resumable = request.extra_body?.resumable;
  if (resumable && resumable.enabled !== false) refuse('"extra_body.resumable" is not supported.');
}
