import type { ChatCompletionChunk } from '@mlc-ai/web-llm';
import type { Usage } from '../../../src/api/usage.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import type { Swarm } from '../tab/swarm.ts';

/** How an answer of one choice ended. */
export interface TextEnd {
  readonly finishReason: ChatCompletionChunk.Choice['finish_reason'];
  /** The stop text that ended it. */
  readonly stoppedBy: string | undefined;
  readonly usage: Usage;
}

/** An answer of one choice as plain text, for the APIs that have shapes of their own. @throws as `Swarm.chat` */
export async function* chatText(swarm: Swarm, request: object, signal: AbortSignal): AsyncGenerator<string, TextEnd> {
  let finishReason: TextEnd['finishReason'] = null;
  let stoppedBy: string | undefined;
  let usage: Usage | undefined;
  for await (const chunk of swarm.chatStream({ ...request, stream_options: { include_usage: true } }, signal)) {
    const choice: (ChatCompletionChunk.Choice & { readonly stop_reason?: string }) | undefined = chunk.choices[0];
    finishReason = choice?.finish_reason ?? finishReason;
    stoppedBy = choice?.stop_reason ?? stoppedBy;
    usage = (chunk.usage as Usage | undefined) ?? usage;
    if (choice?.delta.content) yield choice.delta.content;
  }
  if (!usage) throw new ShoalError('internal', 'The engine ended an answer without its usage.');
  return { finishReason, stoppedBy, usage };
}

/** Ends an answer whose reader has read enough; the engine is free then. */
export async function leave(texts: AsyncGenerator<string, TextEnd>): Promise<void> {
  await texts.return(undefined as never);
}
