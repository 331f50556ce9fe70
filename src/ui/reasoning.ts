import { CLOSING, splitThoughts } from '../tokenizer/thought-reader.ts';

/** An answer's parts. */
export interface ReasonedAnswer {
  /** What the model thought before it spoke; undefined where it does not tell it apart. */
  readonly reasoning: string | undefined;
  readonly answer: string;
  /** It is still thinking. */
  readonly open: boolean;
}

const BEGUN = { tags: true, begun: true };

/** Tells thoughts apart. Some templates begin them, so that only their end is in the answer. */
export function splitReasoning(text: string): ReasonedAnswer {
  const parts =
    splitThoughts(text, { tags: true }) ?? (text.includes(CLOSING) ? splitThoughts(text, BEGUN) : undefined);
  if (!parts) return { reasoning: undefined, answer: text, open: false };
  return parts.open ? parts : { ...parts, reasoning: parts.reasoning || undefined };
}
