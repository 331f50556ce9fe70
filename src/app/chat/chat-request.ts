import type { ShoalEngine } from '../../api/index.ts';
import type { ChatMessage } from '../app-model.ts';
import type { AnswerOptions } from './answer-options.ts';

/** Of a model that says nothing; lively, and seldom nonsense. */
export const GENERAL_TEMPERATURE = 0.7;
/** Of the context: what an answer is left at the least when the oldest turns go. */
const ROOM_SHARE = 1 / 4;

type Messages = readonly Pick<ChatMessage, 'role' | 'text'>[];

/** The request that these messages make, the last being the prompt. */
export function chatRequest(messages: Messages, systemPrompt: string) {
  return {
    messages: [
      ...(systemPrompt ? [{ role: 'system' as const, content: systemPrompt }] : []),
      ...messages.map(({ role, text: content }) => ({ role, content })),
    ],
  };
}

/** The request's fields that say how its answer is drawn; what is left out is the model's own. */
export function samplingFields(options: Omit<AnswerOptions, 'systemPrompt' | 'maxTokens'>) {
  const fields = {
    temperature: options.temperature,
    top_p: options.topP,
    top_k: options.topK,
    min_p: options.minP,
    presence_penalty: options.presencePenalty,
    frequency_penalty: options.frequencyPenalty,
    repetition_penalty: options.repetitionPenalty,
    seed: options.seed,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Messages that the model is to read again: all that was said, but for what failed at once and what was left out. */
export function saidBefore(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.filter(({ state, text, leftOut }) => !leftOut && (state !== 'error' || text !== ''));
}

/**
 * How many of the oldest messages must go, whole turns at a time, so that the prompt and some of an answer fit.
 * @returns all of them where even the prompt alone is too long
 */
export async function countToLeaveOut(
  engine: ShoalEngine,
  said: readonly ChatMessage[],
  prompt: string,
  { maxTokens, systemPrompt }: Pick<AnswerOptions, 'maxTokens' | 'systemPrompt'>,
  contextLength: number,
): Promise<number> {
  const room = Math.min(maxTokens, Math.floor(contextLength * ROOM_SHARE));
  const turns = said.flatMap(({ role }, place) => (role === 'user' && place > 0 ? [place] : []));
  for (const start of turns) {
    const request = chatRequest([...said.slice(start), { role: 'user', text: prompt }], systemPrompt);
    const { tokens } = await engine.promptSize(request);
    if (tokens + room <= contextLength) return start;
  }
  return said.length;
}
