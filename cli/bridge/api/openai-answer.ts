import type { CompletionUsage } from '@mlc-ai/web-llm';
import type { Usage } from '../../../src/api/usage.ts';
import type { Exchange } from '../http/exchange.ts';
import { wantsStream } from '../http/request-body.ts';

/** A way to ask the engine: for the whole answer, or for its chunks. */
export interface Asking<Whole, Chunk> {
  whole(): Promise<Whole>;
  chunks(): AsyncGenerator<Chunk, void>;
}

interface Answered {
  readonly usage?: CompletionUsage | undefined;
}

/** Answers as the request asks, in the shapes that the engine and OpenAI share. @throws as the engine */
export async function answerOpenAi<Whole extends Answered, Chunk extends Answered>(
  exchange: Exchange,
  asking: Asking<Whole, Chunk>,
): Promise<void> {
  if (!wantsStream(exchange.body)) return exchange.reply(withOpenAiUsage(await asking.whole()));
  const { stream } = exchange;
  for await (const chunk of asking.chunks()) await stream.send(withOpenAiUsage(chunk));
  await stream.send('[DONE]');
  stream.end();
}

function withOpenAiUsage<Answer extends Answered>(answer: Answer): object {
  return answer.usage ? { ...answer, usage: openAiUsage(answer.usage) } : answer;
}

/** OpenAI counts the whole prompt, and how much of it was cached. WebLLM counts the new tokens only, with `extra` besides. */
function openAiUsage(usage: CompletionUsage) {
  const { extra, completion_tokens } = usage as Usage;
  const { whole_prompt_tokens: prompt_tokens, cached_prompt_tokens: cached_tokens } = extra;
  return {
    ...{ prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    prompt_tokens_details: { cached_tokens },
  };
}
