import type { ChatCompletionChunk } from '@mlc-ai/web-llm';
import type { Usage } from '../../../src/api/usage.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import type { Swarm } from '../tab/swarm.ts';

export type TokenLogprob = NonNullable<NonNullable<ChatCompletionChunk.Choice['logprobs']>['content']>[number];

/** What an answer of one choice consists of, in the order in which it is made. */
export type ChatPart =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Of its tokens; none unless they were asked for. */
      readonly logprobs: readonly TokenLogprob[];
    }
  /** What the model says to itself. */
  | { readonly kind: 'thought'; readonly text: string }
  /** A function is called; its arguments follow. */
  | { readonly kind: 'call'; readonly id: string; readonly name: string }
  /** More of the arguments of the last call, as JSON. */
  | { readonly kind: 'arguments'; readonly text: string };

/** How an answer of one choice ended. */
export interface ChatEnd {
  readonly finishReason: ChatCompletionChunk.Choice['finish_reason'];
  /** The stop text that ended it. */
  readonly stoppedBy: string | undefined;
  readonly usage: Usage;
}

/** With what the engine tells besides. */
type Choice = ChatCompletionChunk.Choice & {
  readonly stop_reason?: string;
  readonly delta: { readonly reasoning_content?: string };
};

/** An answer of one choice in parts, for the APIs that have shapes of their own. @throws as `Swarm.chat` */
export async function* chatParts(
  swarm: Swarm,
  request: object,
  signal: AbortSignal,
): AsyncGenerator<ChatPart, ChatEnd> {
  let finishReason: ChatEnd['finishReason'] = null;
  let stoppedBy: string | undefined;
  let usage: Usage | undefined;
  /** Of tokens whose text has not come yet. */
  let logprobs: TokenLogprob[] = [];
  for await (const chunk of swarm.chatStream({ ...request, stream_options: { include_usage: true } }, signal)) {
    const choice: Choice | undefined = chunk.choices[0];
    const thought = choice?.delta.reasoning_content;
    if (thought) yield { kind: 'thought', text: thought };
    finishReason = choice?.finish_reason ?? finishReason;
    stoppedBy = choice?.stop_reason ?? stoppedBy;
    usage = (chunk.usage as Usage | undefined) ?? usage;
    logprobs.push(...(choice?.logprobs?.content ?? []));
    if (choice?.delta.content) {
      yield { kind: 'text', text: choice.delta.content, logprobs };
      logprobs = [];
    }
    for (const { id, function: called } of choice?.delta.tool_calls ?? []) {
      logprobs = [];
      if (id !== undefined) yield { kind: 'call', id, name: called?.name ?? '' };
      if (called?.arguments) yield { kind: 'arguments', text: called.arguments };
    }
  }
  if (!usage) throw new ShoalError('internal', 'The engine ended an answer without its usage.');
  return { finishReason, stoppedBy, usage };
}

/** Ends an answer whose reader has read enough; the engine is free then. */
export async function leave(parts: AsyncGenerator<ChatPart, ChatEnd>): Promise<void> {
  await parts.return(undefined as never);
}
