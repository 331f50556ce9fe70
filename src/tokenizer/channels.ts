/** An answer in Harmony's channels, of gpt-oss, taken apart. */
export interface ChanneledAnswer {
  /** What the model says to itself. */
  readonly reasoning: string;
  /** What it says to people: its final channel. */
  readonly answer: string;
  /** That has not begun. */
  readonly open: boolean;
}

/** The mark with which every part of such an answer begins. */
export const CHANNEL = '<|channel|>';
const PART = /<\|channel\|>(\w*)(?:(?!<\|message\|>).)*<\|message\|>(.*?)(?=<\|end\|>|<\|start\|>|<\|channel\|>|$)/gs;

/** Undefined for a text without channels. */
export function splitChannels(text: string): ChanneledAnswer | undefined {
  if (!text.startsWith(CHANNEL)) return undefined;
  const parts = [...text.matchAll(PART)].map(([, channel, said = '']) => ({ final: channel === 'final', said }));
  const joined = (final: boolean) =>
    parts
      .filter((part) => part.final === final)
      .map(({ said }) => said.trim())
      .filter(Boolean)
      .join('\n\n');
  return { reasoning: joined(false), answer: joined(true), open: !parts.some(({ final }) => final) };
}
