import { ShoalError } from '../core/errors.ts';
import type { ChatMessage, ChatTemplate, RenderOptions, ToolCall } from './chat-template.ts';

/** A prompt as text in which signs tell content from what the template wrote: no mark of the model has a sign in it. */
export interface RenderedPrompt {
  readonly text: string;
  /** To be taken out of the text once it is cut at its marks; none for text whose marks all count. */
  readonly signs: readonly string[];
}

/** Private-use characters, of which two are chosen that the messages do not have. */
const FIRST_SIGN = 0xe000;
const LAST_SIGN = 0xf8ff;

/**
 * Renders a conversation so that what people have typed is never structure. A sign goes around and between the
 * characters of every content before the template sees it: whatever the template trims, joins or leaves out, no mark
 * can come of content then. Where a template looks into contents, and would write something else for the signs, they go
 * into the marks of a content only. Spaces have none, so that trimming stays what it is.
 *
 * A last message of the assistant is where the answer goes on: the text ends behind it.
 * @param marks - texts of the model's marks
 * @throws ShoalError `bad-gguf`, `bad-request` as `ChatTemplate.render`
 */
export function renderApart(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: Omit<RenderOptions, 'addGenerationPrompt'>,
  marks: readonly string[],
): RenderedPrompt {
  const conversation = withSystemText(template, messages);
  const last = conversation.at(-1);
  const begun = last?.role === 'assistant' && !last.tool_calls && last.content.trim() !== '' ? last : undefined;
  // An answer of which nothing is there yet is one to begin.
  const isEmpty = begun === undefined && last?.role === 'assistant' && !last.tool_calls;
  const said = isEmpty ? conversation.slice(0, -1) : conversation;
  const signs = unusedSigns(said);
  const [sign, endSign] = signs;
  const render = (sealed: readonly ChatMessage[]) =>
    template.render(sealed, { ...options, addGenerationPrompt: begun === undefined });
  const sealed = (seal: (content: string, own: string) => string) =>
    render(
      said.map((message) => ({
        ...message,
        content: seal(message.content, message === begun ? endSign : sign),
        ...(message.reasoning_content ? { reasoning_content: seal(message.reasoning_content, sign) } : {}),
        ...(message.tool_calls ? { tool_calls: message.tool_calls.map((call) => sealCall(call, seal, sign)) } : {}),
      })),
    );
  let text = sealed(sealAll);
  if (withoutSigns(text, signs) !== render(said)) {
    text = sealed((content, own) => sealMarks(content, own, marks, own === endSign));
  }
  return { text: begun === undefined ? text : text.slice(0, endOf(text, endSign, begun.content)), signs };
}

/** The text as it would be without the signs. */
export function withoutSigns(text: string, signs: readonly string[]): string {
  return signs.reduce((rest, sign) => rest.replaceAll(sign, ''), text);
}

/** For a template without a system role the system's text goes before the first thing that the user says. */
function withSystemText(template: ChatTemplate, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const count = messages.findIndex(({ role }) => role !== 'system');
  if (count === 0 || messages.length === 0 || template.knowsSystem) return messages;
  const rest = count < 0 ? [] : messages.slice(count);
  const texts = messages.slice(0, messages.length - rest.length).map(({ content }) => content);
  const [first, ...others] = rest;
  if (first?.role !== 'user') return [{ role: 'user', content: texts.join('\n\n') }, ...rest];
  return [{ ...first, content: [...texts, first.content].join('\n\n') }, ...others];
}

/** Of a call people may have said what its arguments are. */
function sealCall(call: ToolCall, seal: (content: string, own: string) => string, sign: string): ToolCall {
  const sealed = (value: unknown): unknown => {
    if (typeof value === 'string') return seal(value, sign);
    if (Array.isArray(value)) return value.map(sealed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [seal(key, sign), sealed(part)]));
  };
  const { name, arguments: args } = call.function;
  return { ...call, function: { name, arguments: sealed(args) as ToolCall['function']['arguments'] } };
}

function unusedSigns(messages: readonly ChatMessage[]): readonly [string, string] {
  const texts = messages.flatMap(({ content, reasoning_content = '', tool_calls = [] }) => [
    content,
    reasoning_content,
    JSON.stringify(tool_calls),
  ]);
  const unused: string[] = [];
  for (let code = FIRST_SIGN; code <= LAST_SIGN; code++) {
    const sign = String.fromCharCode(code);
    if (texts.every((text) => !text.includes(sign))) unused.push(sign);
    if (unused.length === 2) return [unused[0]!, unused[1]!];
  }
  throw new ShoalError(
    'bad-request',
    'The messages have every private-use character (U+E000 to U+F8FF); leave two out.',
  );
}

/** Around and between all characters but spaces. */
function sealAll(content: string, sign: string): string {
  return content.replace(/\S+/gu, (run) => `${sign}${[...run].join(sign)}${sign}`);
}

/** Into marks, also those that another content begins or goes on with. @param atEnd - also behind the last character */
function sealMarks(content: string, sign: string, marks: readonly string[], atEnd: boolean): string {
  let sealed = content;
  for (const mark of marks) {
    const [head = ''] = mark;
    sealed = sealed.replaceAll(mark, head + sign + mark.slice(head.length));
  }
  const text = sealed.trimEnd();
  const halves = (part: (mark: string, length: number) => boolean) =>
    marks.some((mark) => Array.from({ length: mark.length - 1 }, (_, at) => at + 1).some((at) => part(mark, at)));
  const opens = halves((mark, at) => sealed.endsWith(mark.slice(0, at)));
  const closes = halves((mark, at) => sealed.startsWith(mark.slice(at)));
  const end = atEnd || opens ? text + sign + sealed.slice(text.length) : sealed;
  return closes ? sign + end : end;
}

/** Behind the content whose last sign this is, and those of its spaces that the template has left it. */
function endOf(text: string, sign: string, content: string): number {
  const found = text.lastIndexOf(sign);
  if (found < 0) {
    throw new ShoalError(
      'bad-request',
      "The model's chat template leaves the last message of the assistant out, so that it cannot be continued.",
    );
  }
  const spaces = content.slice(content.trimEnd().length);
  const end = found + 1;
  return end + (text.startsWith(spaces, end) ? spaces.length : 0);
}
