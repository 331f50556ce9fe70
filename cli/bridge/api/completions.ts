import type { Completion } from '@mlc-ai/web-llm';
import { HttpError } from '../http/http-error.ts';
import type { Endpoint } from './endpoint.ts';
import { checkModel } from './model-name.ts';
import { answerOpenAi } from './openai-answer.ts';
import { TokenList } from './token-list.ts';

/** OpenAI's, where a request does not say: clients that want more ask for it. */
const DEFAULT_MAX_TOKENS = 16;
/** OpenAI's bound of alternatives to each token. */
const MAX_LOGPROBS = 5;

/**
 * `POST /v1/completions`. The engine checks the request, but for `logprobs`: OpenAI's is a number, WebLLM's says whether.
 * @see https://platform.openai.com/docs/api-reference/completions
 */
export const completions: Endpoint = async (exchange, swarm) => {
  const { model, stream: _, prompt, logprobs, max_tokens, ...options } = exchange.body;
  checkModel(model, swarm);
  const request = {
    ...options,
    max_tokens: max_tokens ?? DEFAULT_MAX_TOKENS,
    // Some clients make a list of every prompt.
    prompt: Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt,
    ...logprobOptions(logprobs),
  };
  const lists = new Map<number, TokenList>();
  const convert = (answer: Completion) => ({
    ...answer,
    choices: answer.choices.map((choice) => {
      const list = lists.get(choice.index) ?? new TokenList();
      lists.set(choice.index, list);
      return { ...choice, logprobs: list.convert(choice) };
    }),
  });
  await answerOpenAi(exchange, {
    whole: async () => convert(await swarm.text(request, exchange.signal)),
    chunks: async function* () {
      for await (const chunk of swarm.textStream(request, exchange.signal)) yield convert(chunk);
    },
  });
};

/** @throws HttpError 400 unless it is a number of alternatives, or left out */
function logprobOptions(logprobs: unknown): { readonly logprobs?: boolean; readonly top_logprobs?: number } {
  if (logprobs === undefined || logprobs === null) return {};
  if (typeof logprobs === 'number' && Number.isInteger(logprobs) && logprobs >= 0 && logprobs <= MAX_LOGPROBS)
    return { logprobs: true, top_logprobs: logprobs };
  throw new HttpError(400, `The request's "logprobs" is wrong: expected a whole number from 0 to ${MAX_LOGPROBS}.`, {
    param: 'logprobs',
  });
}
