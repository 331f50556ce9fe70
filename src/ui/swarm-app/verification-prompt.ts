import { ShoalError } from '../../core/errors.ts';
import type { Lap } from '../../swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../../swarm/coordinator/sampler.ts';
import type { SwarmSession } from './swarm-session.ts';

const PROMPT = 'What is the capital of France?';
/** Enough to see that it is text, few enough for a software adapter. */
const MAX_TOKENS = 12;

/** A real prompt through the pipeline, greedy, beside every conversation. */
export async function runVerificationPrompt(
  session: SwarmSession,
  signal?: AbortSignal,
): Promise<{ text: string; lap: Lap }> {
  const tokenizer = await session.tokenizer();
  const coordinator = session.node?.coordinator;
  if (!coordinator) throw new ShoalError('peer-unreachable', 'This tab is still connecting to the swarm.');
  const prompt = tokenizer.renderChat([{ role: 'user', content: PROMPT }], { addGenerationPrompt: true });
  const tokens = coordinator.generate({
    promptIds: tokenizer.encode(prompt, { parseSpecial: true }),
    maxTokens: MAX_TOKENS,
    stopIds: tokenizer.eogIds,
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
    ...(signal ? { signal } : {}),
  });
  const ids: number[] = [];
  let lap: Lap | undefined;
  for await (const token of tokens) {
    ids.push(token.id);
    lap = token.lap;
  }
  if (!lap) throw new ShoalError('internal', 'The pipeline answered with no token.');
  return { text: tokenizer.decode(ids), lap };
}
