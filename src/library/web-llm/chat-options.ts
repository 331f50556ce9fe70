import type { ChatOptions } from '@mlc-ai/web-llm';
import { ShoalError } from '../../core/errors.ts';

/** Options that every request may have of its own. */
const OF_REQUESTS = ['temperature', 'top_p', 'repetition_penalty', 'frequency_penalty', 'presence_penalty'] as const;
/** Bounds of memory. A model keeps its whole context here, and an answer is none the worse for it. */
const PASSED_OVER = ['context_window_size', 'sliding_window_size', 'attention_sink_size', 'max_history_size'] as const;

/** Of an app's chat options, what its requests have where they say nothing. */
export type RequestDefaults = Partial<Pick<ChatOptions, (typeof OF_REQUESTS)[number]>>;

/** @throws ShoalError `bad-request` for an option that would change answers and cannot be held to */
export function readChatOptions(options: ChatOptions): RequestDefaults {
  const known: readonly string[] = [...OF_REQUESTS, ...PASSED_OVER];
  const strange = Object.keys(options).find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new ShoalError('bad-request', `The chat option "${strange}" is the model's own in Shoal. Leave it out.`);
  }
  const given = OF_REQUESTS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}
