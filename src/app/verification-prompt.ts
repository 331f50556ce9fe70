import { ShoalError } from '../core/errors.ts';
import type { GenerationRequest, Lap } from '../swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../swarm/coordinator/sampler.ts';
import { isSize, type ModelText } from '../tokenizer/model-text.ts';
import type { SwarmSession } from './swarm-session.ts';

const PROMPT = 'What is the capital of France?';
/** Enough to see that it is text, few enough for a software adapter. */
const MAX_TOKENS = 12;

/** A real prompt through the pipeline, greedy, beside every conversation. */
export async function runVerificationPrompt(
  session: SwarmSession,
  { signal, avoid }: Pick<GenerationRequest, 'avoid'> & { readonly signal?: AbortSignal | undefined },
): Promise<{ text: string; lap: Lap }> {
  const text = await session.text();
  const coordinator = session.node?.coordinator;
  if (!coordinator) throw new ShoalError('peer-unreachable', 'This tab is still connecting to the swarm.');
  const promptIds = await encodePrompt(text);
  if (isSize(promptIds)) throw new ShoalError('internal', 'The verification prompt was not tokenized.');
  const tokens = coordinator.generate({
    promptIds,
    maxTokens: MAX_TOKENS,
    stopIds: text.tokens.eogIds,
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
    recruits: false,
    ...(signal ? { signal } : {}),
    ...(avoid ? { avoid } : {}),
  });
  const ids: number[] = [];
  let lap: Lap | undefined;
  for await (const token of tokens) {
    ids.push(token.id);
    lap = token.lap;
  }
  if (!lap) throw new ShoalError('internal', 'The pipeline answered with no token.');
  return { text: text.tokens.decode(ids), lap };
}

/** As chat, or as plain text where the model has no chat template of use. */
async function encodePrompt(text: ModelText) {
  const messages = [{ role: 'user', content: PROMPT }];
  try {
    return await text.encode({ kind: 'chat', messages, options: {} }, Number.POSITIVE_INFINITY);
  } catch (error) {
    if (ShoalError.from(error).code !== 'bad-gguf') throw error;
    return text.encode({ kind: 'text', text: PROMPT }, Number.POSITIVE_INFINITY);
  }
}
