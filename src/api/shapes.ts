import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionFinishReason,
  ChatCompletionTokenLogprob,
  Completion,
  CompletionUsage,
} from '@mlc-ai/web-llm';
import type { AnswerDelta } from './answer.ts';
import type { CallDelta, CalledFunction } from './structured/called-function.ts';

/** What every part of one response has in common. */
export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  /** Unix time, s. */
  readonly created: number;
}

/** How a choice ended. */
export interface ChoiceEnd {
  readonly finishReason: ChatCompletionFinishReason;
  /** The stop text that ended it; told as `stop_reason`, as vLLM does: OpenAI's shapes have no word for it. */
  readonly stoppedBy: string | undefined;
}

/** One finished choice; `logprobs` is null unless the request asks. */
export interface Choice extends ChoiceEnd {
  readonly text: string;
  /** Empty where the model tells none apart. */
  readonly reasoning: string;
  readonly calls: readonly CalledFunction[];
  readonly logprobs: readonly ChatCompletionTokenLogprob[] | null;
}

/** How a response is written down, whole or in chunks. */
export interface Shape<Chunk, Whole> {
  delta(head: ResponseHead, index: number, delta: AnswerDelta, withLogprobs: boolean): Chunk;
  end(head: ResponseHead, index: number, end: ChoiceEnd): Chunk;
  usage(head: ResponseHead, usage: CompletionUsage): Chunk;
  whole(head: ResponseHead, choices: readonly Choice[], usage: CompletionUsage): Whole;
}

const ending = ({ finishReason, stoppedBy }: ChoiceEnd) => ({
  finish_reason: finishReason,
  ...(stoppedBy === undefined ? {} : { stop_reason: stoppedBy }),
});
const contentOf = (logprobs: readonly ChatCompletionTokenLogprob[] | null) => logprobs && { content: [...logprobs] };

const callDelta = ({ index, begun, arguments: more }: CallDelta) => ({
  index,
  ...(begun ? { id: begun.id, type: 'function' as const } : {}),
  function: { ...(begun ? { name: begun.name } : {}), arguments: more },
});
const wholeCall = ({ id, name, arguments: given }: CalledFunction) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: given },
});

/** What a model says to itself has no place in their shapes: the field is that of DeepSeek, llama.cpp and vLLM. */
const thought = (reasoning: string | undefined) => (reasoning ? { reasoning_content: reasoning } : {});

/** As OpenAI and WebLLM write chat completions. */
export const CHAT_SHAPE: Shape<ChatCompletionChunk, ChatCompletion> = {
  delta: (head, index, { text, reasoning, calls, logprobs }, withLogprobs) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [
      {
        delta: {
          role: 'assistant',
          ...thought(reasoning),
          ...(calls ? { tool_calls: calls.map(callDelta) } : reasoning ? {} : { content: text }),
        },
        finish_reason: null,
        index,
        logprobs: contentOf(withLogprobs ? logprobs : null),
      },
    ],
  }),
  end: (head, index, end) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ delta: {}, ...ending(end), index }],
  }),
  usage: (head, usage) => ({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
  whole: (head, choices, usage) => ({
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ text, reasoning, calls, logprobs, ...end }, index) => ({
      ...ending(end),
      index,
      logprobs: contentOf(logprobs),
      message: {
        content: calls.length > 0 && text === '' ? null : text,
        role: 'assistant',
        ...thought(reasoning),
        ...(calls.length > 0 ? { tool_calls: calls.map(wholeCall) } : {}),
      },
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
  end: (head, index, end) => ({
    ...head,
    object: 'text_completion',
    choices: [{ text: '', ...ending(end), index }],
  }),
  usage: (head, usage) => ({ ...head, object: 'text_completion', choices: [], usage }),
  whole: (head, choices, usage) => ({
    ...head,
    object: 'text_completion',
    choices: choices.map(({ text, logprobs, finishReason, stoppedBy }, index) => ({
      ...ending({ finishReason, stoppedBy }),
      index,
      logprobs: contentOf(logprobs),
      text,
    })),
    usage,
  }),
};
