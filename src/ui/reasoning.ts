import { splitChannels } from '../tokenizer/channels.ts';

/** An answer's parts. */
export interface ReasonedAnswer {
  /** What the model thought before it spoke; undefined where it does not tell it apart. */
  readonly reasoning: string | undefined;
  readonly answer: string;
  /** It is still thinking. */
  readonly open: boolean;
}

const BEGIN = /^\s*<think>/;
const END = '</think>';

/**
 * Tells thoughts apart as Qwen 3 and DeepSeek mark them, of which some templates begin them, so that only their end is in
 * the answer; and as gpt-oss does, in channels.
 */
export function splitReasoning(text: string): ReasonedAnswer {
  const channels = splitChannels(text.trimStart());
  if (channels?.open) return channels;
  if (channels) return { ...channels, reasoning: channels.reasoning || undefined };
  const begin = BEGIN.exec(text)?.[0].length;
  const end = text.indexOf(END);
  if (end < 0) {
    if (begin === undefined) return { reasoning: undefined, answer: text, open: false };
    return { reasoning: text.slice(begin).trim(), answer: '', open: true };
  }
  const reasoning = text.slice(begin ?? 0, end).trim();
  return { reasoning: reasoning || undefined, answer: text.slice(end + END.length).trimStart(), open: false };
}
