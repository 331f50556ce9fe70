import type { ChatCompletionTokenLogprob } from '@mlc-ai/web-llm';
import type { GrammarFollower } from '../grammar/answer-grammar.ts';
import type {
  GeneratedToken,
  GenerationSummary,
  Generator,
  SamplingOptions,
  TokenLogprob,
} from '../swarm/coordinator/generation.ts';
import type { TokenTable } from '../tokenizer/index.ts';
import type { GenerationPlan } from './request.ts';
import { StopScanner } from './stop-scanner.ts';
import type { CallDelta } from './structured/called-function.ts';

/** One answer to make. */
export interface AnswerRequest {
  readonly generator: Generator;
  readonly tokens: TokenTable;
  readonly plan: GenerationPlan;
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly sampling: SamplingOptions;
  readonly conversation: string;
  /** Tokens of the answer that an earlier run has made: their text comes first, and the answer goes on after them. */
  readonly begunIds: readonly number[];
  /** Told of every new token, before its text comes. */
  readonly onToken?: ((id: number) => void) | undefined;
  /** Told of each piece of text, in order: stop texts do not end thoughts. */
  readonly isThought?: ((piece: string) => boolean) | undefined;
  /** Of an answer that has a grammar. */
  readonly follower?: GrammarFollower | undefined;
  /** Ends the answer as interrupted. */
  readonly signal: AbortSignal;
}

/** Text as it becomes certain, and the tokens that made it. */
export interface AnswerDelta {
  readonly kind: 'delta';
  readonly text: string;
  /** What the model says to itself, where it is told apart. */
  readonly reasoning?: string;
  /** Parts of calls that the text was, which is empty then. */
  readonly calls?: readonly CallDelta[];
  /** Of every token since the last delta; empty unless the plan asks. */
  readonly logprobs: readonly ChatCompletionTokenLogprob[];
}

/** How an answer ended; its last event. */
export interface AnswerEnd {
  readonly kind: 'end';
  readonly summary: GenerationSummary;
  /** The stop text that ended it. */
  readonly stoppedBy: string | undefined;
  /** Whether it has called functions. */
  readonly called?: boolean;
}

/** Makes one answer: text without half characters and stop texts. */
export async function* answer(request: AnswerRequest): AsyncGenerator<AnswerDelta | AnswerEnd, void> {
  const { generator, tokens: table, plan, begunIds, maxTokens, sampling, conversation, follower, signal } = request;
  const promptIds = [...request.promptIds, ...begunIds];
  const detokenizer = table.detokenizer({ skipSpecial: true });
  const scanner = new StopScanner(plan.stop);
  const begun = scanner.push(begunIds.map((id) => detokenizer.push(id)).join(''));
  if (begun !== '') yield { kind: 'delta', text: begun, logprobs: [] };
  if (scanner.stopped || begunIds.length >= maxTokens) {
    const text = scanner.push(detokenizer.flush()) + scanner.flush();
    if (text !== '') yield { kind: 'delta', text, logprobs: [] };
    const summary = nothingLeft(scanner.stopped ? 'stop' : 'length', promptIds.length);
    yield { kind: 'end', summary, stoppedBy: scanner.stoppedBy };
    return;
  }
  const ending = new AbortController();
  const tokens = generator.generate({
    conversation,
    promptIds,
    maxTokens: maxTokens - begunIds.length,
    // A grammar says where the answer is over.
    stopIds: plan.ignoreEos && !follower ? new Set() : table.eogIds,
    sampling,
    constraint: follower && { allowed: (generated) => follower.allowed([...begunIds, ...generated]) },
    topLogprobs: plan.topLogprobs,
    signal: AbortSignal.any([signal, ending.signal]),
  });
  let logprobs: ChatCompletionTokenLogprob[] = [];
  try {
    let next = await tokens.next();
    for (; !next.done; next = await tokens.next()) {
      if (scanner.stopped) continue;
      request.onToken?.(next.value.id);
      if (plan.logprobs) logprobs.push(describeToken(table, next.value));
      const piece = detokenizer.push(next.value.id);
      const text = request.isThought?.(piece) ? scanner.flush() + piece : scanner.push(piece);
      if (text !== '') {
        yield { kind: 'delta', text, logprobs };
        logprobs = [];
      }
      // The generator then ends with its summary, which a mere `return` would lose.
      if (scanner.stopped) ending.abort();
    }
    const text = scanner.push(detokenizer.flush()) + scanner.flush();
    if (text !== '' || logprobs.length > 0) yield { kind: 'delta', text, logprobs };
    const summary = scanner.stopped ? { ...next.value, finishReason: 'stop' as const } : next.value;
    yield { kind: 'end', summary, stoppedBy: scanner.stoppedBy };
  } finally {
    // Whoever reads the answer may have left: the generator must not wait for them.
    ending.abort();
    await tokens.return(undefined as never);
  }
}

/** The summary of an answer whose last token was there already. */
function nothingLeft(finishReason: 'stop' | 'length', promptTokens: number): GenerationSummary {
  return { finishReason, promptTokens, reusedTokens: promptTokens, completionTokens: 0, prefillMs: 0, decodeMs: 0 };
}

function describeToken(table: TokenTable, { id, logprob, top }: GeneratedToken): ChatCompletionTokenLogprob {
  const describe = (token: TokenLogprob) => {
    const bytes = table.bytes(token.id);
    return { token: new TextDecoder().decode(bytes), bytes: [...bytes], logprob: token.logprob };
  };
  return { ...describe({ id, logprob }), top_logprobs: top.map(describe) };
}
