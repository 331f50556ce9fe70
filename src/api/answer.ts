import type { ChatCompletionTokenLogprob } from '@mlc-ai/web-llm';
import type { GeneratedToken, GenerationSummary, Generator, TokenLogprob } from '../swarm/generation.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import type { GenerationPlan } from './request.ts';
import { StopScanner } from './stop-scanner.ts';

/** One answer to make. */
export interface AnswerRequest {
  readonly generator: Generator;
  readonly tokenizer: Tokenizer;
  readonly plan: GenerationPlan;
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly seed: number | undefined;
  readonly conversation: string;
  /** Ends the answer as interrupted. */
  readonly signal: AbortSignal;
}

/** Text as it becomes certain, and the tokens that made it. */
export interface AnswerDelta {
  readonly kind: 'delta';
  readonly text: string;
  /** Of every token since the last delta; empty unless the plan asks. */
  readonly logprobs: readonly ChatCompletionTokenLogprob[];
}

/** How an answer ended; its last event. */
export interface AnswerEnd {
  readonly kind: 'end';
  readonly summary: GenerationSummary;
}

/** Makes one answer: text without half characters and stop texts. */
export async function* answer(request: AnswerRequest): AsyncGenerator<AnswerDelta | AnswerEnd, void> {
  const { generator, tokenizer, plan, promptIds, maxTokens, seed, conversation, signal } = request;
  const ending = new AbortController();
  const tokens = generator.generate({
    conversation,
    promptIds,
    maxTokens,
    stopIds: plan.ignoreEos ? new Set() : tokenizer.eogIds,
    sampling: { ...plan.sampling, seed },
    topLogprobs: plan.topLogprobs,
    signal: AbortSignal.any([signal, ending.signal]),
  });
  const detokenizer = tokenizer.detokenizer({ skipSpecial: true });
  const scanner = new StopScanner(plan.stop);
  let logprobs: ChatCompletionTokenLogprob[] = [];
  try {
    let next = await tokens.next();
    for (; !next.done; next = await tokens.next()) {
      if (scanner.stopped) continue;
      if (plan.logprobs) logprobs.push(describeToken(tokenizer, next.value));
      const text = scanner.push(detokenizer.push(next.value.id));
      if (text !== '') {
        yield { kind: 'delta', text, logprobs };
        logprobs = [];
      }
      // The generator then ends with its summary, which a mere `return` would lose.
      if (scanner.stopped) ending.abort();
    }
    const text = scanner.push(detokenizer.flush()) + scanner.flush();
    if (text !== '' || logprobs.length > 0) yield { kind: 'delta', text, logprobs };
    yield { kind: 'end', summary: scanner.stopped ? { ...next.value, finishReason: 'stop' } : next.value };
  } finally {
    // Whoever reads the answer may have left: the generator must not wait for them.
    ending.abort();
    await tokens.return(undefined as never);
  }
}

function describeToken(tokenizer: Tokenizer, { id, logprob, top }: GeneratedToken): ChatCompletionTokenLogprob {
  const describe = (token: TokenLogprob) => {
    const bytes = tokenizer.bytes(token.id);
    return { token: new TextDecoder().decode(bytes), bytes: [...bytes], logprob: token.logprob };
  };
  return { ...describe({ id, logprob }), top_logprobs: top.map(describe) };
}
