import * as v from 'valibot';
import { fieldName } from '../../api/field-name.ts';
import { ShoalError } from '../../core/errors.ts';
import { DEFAULT_ANSWER_OPTIONS } from './answer-options.ts';
import { type ChatContent, type ChatRecord, chatFileSchema, contentOf, entriesOf } from './chat-record.ts';
import { chatTitle } from './chat-title.ts';
import { pathTo, type TreeMessage } from './message-tree.ts';

/** A conversation that a file held. */
export interface FiledChat {
  readonly content: ChatContent;
  readonly modelName: string;
}

const SPEAKERS = { user: 'You', assistant: 'Answer' } as const;
const HEADING = /^## (You|Answer)$/;
/** Such a line of a message itself has a backslash more. */
const HEADING_IN_TEXT = /^\\*## (?:You|Answer)$/;

/** What is shown of a conversation, for people to read. */
export function markdownFile(record: ChatRecord): File {
  const title = titleOf(record);
  const parts = shownOf(record).map(({ role, text }) => {
    const lines = text.split('\n').map((line) => (HEADING_IN_TEXT.test(line) ? `\\${line}` : line));
    return `## ${SPEAKERS[role]}\n\n${lines.join('\n')}\n`;
  });
  return new File([[`# ${title}\n`, ...parts].join('\n')], `${fileName(title)}.md`, { type: 'text/markdown' });
}

/** Conversations with all that belongs to them. */
export function jsonFile(records: readonly ChatRecord[]): File {
  const [first] = records;
  const name = records.length === 1 && first ? fileName(titleOf(first)) : 'conversations';
  const filed = records.map((record) => ({
    format: 'shoal-conversation',
    modelName: record.modelName,
    ...entriesOf(contentOf(record)),
  }));
  const text = JSON.stringify(filed.length === 1 ? filed[0] : filed, null, 2);
  return new File([text], `${name}.json`, { type: 'application/json' });
}

/** @throws ShoalError `bad-request` for what is no conversation, saying what was expected */
export function readChatsFile(text: string, name: string): readonly FiledChat[] {
  if (/^\s*[[{]/.test(text)) return [parseJson(text, name)].flat().map((filed) => fromJson(filed, name));
  const chat = fromMarkdown(text);
  if (chat) return [chat];
  throw new ShoalError(
    'bad-request',
    `${name} holds no conversation: expected JSON as this page saves it, or Markdown with the headings "## You" and "## Answer".`,
  );
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ShoalError('bad-request', `${name} is damaged JSON: ${(error as Error).message}`);
  }
}

function fromJson(filed: unknown, name: string): FiledChat {
  const { success, issues, output } = v.safeParse(chatFileSchema, filed);
  if (!success) {
    throw new ShoalError('bad-request', `${name} holds no conversation of Shoal: "${fieldName(issues[0])}" is wrong.`);
  }
  // What streamed when it was saved streams no more.
  const messages = output.messages.map((message) =>
    message.state === 'streaming' ? { ...message, state: 'stopped' as const } : message,
  );
  return { content: contentOf({ ...output, messages }), modelName: output.modelName };
}

function titleOf(record: ChatRecord): string {
  return record.title ?? chatTitle(shownOf(record));
}

function shownOf(record: ChatRecord): readonly TreeMessage[] {
  const { tree } = contentOf(record);
  return pathTo(tree, tree.leaf);
}

function fromMarkdown(text: string): FiledChat | undefined {
  let title: string | undefined;
  const spoken: { readonly role: 'user' | 'assistant'; readonly lines: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const speaker = HEADING.exec(line)?.[1];
    if (speaker) spoken.push({ role: speaker === SPEAKERS.user ? 'user' : 'assistant', lines: [] });
    else if (spoken.length === 0) title ??= /^# (.+)$/.exec(line)?.[1];
    else spoken.at(-1)!.lines.push(HEADING_IN_TEXT.test(line) ? line.slice(1) : line);
  }
  if (spoken.length === 0) return undefined;
  const messages = spoken.map(({ role, lines }, id): TreeMessage => {
    const place = { id, parent: id > 0 ? id - 1 : undefined };
    return { ...place, role, text: lines.join('\n').trim(), state: 'done', error: undefined, note: undefined };
  });
  const tree = { messages, leaf: messages.length - 1 };
  const rest = { options: DEFAULT_ANSWER_OPTIONS, pinned: false, running: undefined };
  return { content: { tree, givenTitle: title, ...rest }, modelName: '' };
}

function fileName(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'conversation'
  );
}
