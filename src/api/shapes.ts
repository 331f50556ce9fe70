import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionFinishReason,
  ChatCompletionTokenLogprob,
  Completion,
  CompletionUsage,
} from '@mlc-ai/web-llm';
import type { AnswerDelta } from './answer.ts';

/** What every part of one response has in common. */
export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  /** Unix time, s. */
  readonly created: number;
}

/** One finished choice; `logprobs` is null unless the request asks. */
export interface Choice {
  readonly text: string;
  readonly finishReason: ChatCompletionFinishReason;
  readonly logprobs: readonly ChatCompletionTokenLogprob[] | null;
}

/** How a response is written down, whole or in chunks. */
export interface Shape<Chunk, Whole> {
  delta(head: ResponseHead, index: number, delta: AnswerDelta, withLogprobs: boolean): Chunk;
  end(head: ResponseHead, index: number, finishReason: ChatCompletionFinishReason): Chunk;
  usage(head: ResponseHead, usage: CompletionUsage): Chunk;
  whole(head: ResponseHead, choices: readonly Choice[], usage: CompletionUsage): Whole;
}

const contentOf = (logprobs: readonly ChatCompletionTokenLogprob[] | null) => logprobs && { content: [...logprobs] };

/** As OpenAI and WebLLM write chat completions. */
export const CHAT_SHAPE: Shape<ChatCompletionChunk, ChatCompletion> = {
  delta: (head, index, { text, logprobs }, withLogprobs) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [
      {
        delta: { content: text, role: 'assistant' },
        finish_reason: null,
        index,
        logprobs: contentOf(withLogprobs ? logprobs : null),
      },
    ],
  }),
  end: (head, index, finish_reason) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ delta: {}, finish_reason, index }],
  }),
  usage: (head, usage) => ({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  whole: (head, choices, usage) => ({
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ text, finishReason, logprobs }, index) => ({
      finish_reason: finishReason,
      index,
      logprobs: contentOf(logprobs),
      message: { content: text, role: 'assistant' },
    })),
    usage,
  }),
};

/** As OpenAI and WebLLM write text completions: a chunk is a completion of a part. */
export const TEXT_SHAPE: Shape<Completion, Completion> = {
  delta: (head, index, { text, logprobs }, withLogprobs) => ({
    ...head,
    object: 'text_completion',
    choices: [{ text, finish_reason: null, index, logprobs: contentOf(withLogprobs ? logprobs : null) }],
  }),
  end: (head, index, finish_reason) => ({
    ...head,
    object: 'text_completion',
    choices: [{ text: '', finish_reason, index }],
  }),
  usage: (head, usage) => ({ ...head, object: 'text_completion', choices: [], usage }),
  whole: (head, choices, usage) => ({
    ...head,
    object: 'text_completion',
    choices: choices.map(({ text, finishReason, logprobs }, index) => ({
      finish_reason: finishReason,
      index,
      logprobs: contentOf(logprobs),
      text,
    })),
    usage,
  }),
};
