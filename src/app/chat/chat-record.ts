import * as v from 'valibot';
import { answerOptionsSchema, DEFAULT_ANSWER_OPTIONS } from './answer-options.ts';
import { type MessageTree, pathTo, type TreeMessage } from './message-tree.ts';
import { speakerSchema } from './speaker.ts';

/** Messages of a conversation that are kept, the newest: more than a context holds, and few enough to write often. */
const MAX_MESSAGES = 400;
/** Characters kept in all; a context of 128 k tokens is about half a million. */
const MAX_CHARS = 1_000_000;
/** Tokens of the running answer's prompt, or of the answer: the longest context of today's models. */
const MAX_IDS = 1 << 17;
export const MAX_TITLE_CHARS = 200;
const MAX_NOTE_CHARS = 4096;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ids = v.pipe(v.array(count), v.maxLength(MAX_IDS), v.readonly());

/** What stands beside a message, perhaps in a stranger's file. */
const note = v.pipe(
  v.string(),
  v.transform((text) => text.slice(0, MAX_NOTE_CHARS)),
);

export const runningSchema = v.object({
  options: answerOptionsSchema,
  /** Text of the answer that none of `ids` stands for. */
  before: v.string(),
  /** Empty until the prompt is encoded. */
  promptIds: ids,
  ids,
});

const messageSchema = v.object({
  id: count,
  parent: v.optional(count),
  role: v.picklist(['user', 'assistant']),
  text: v.pipe(v.string(), v.maxLength(MAX_CHARS)),
  state: v.picklist(['streaming', 'done', 'stopped', 'error']),
  error: v.optional(note),
  errorCode: v.optional(note),
  note: v.optional(note),
  leftOut: v.optional(v.boolean()),
  continuable: v.optional(v.boolean()),
  // Whose question it is decides nothing: unreadable, it is nobody's.
  by: v.fallback(v.optional(speakerSchema), undefined),
});

const entries = {
  title: v.optional(v.pipe(v.string(), v.maxLength(MAX_TITLE_CHARS))),
  pinned: v.optional(v.boolean(), false),
  options: v.fallback(answerOptionsSchema, DEFAULT_ANSWER_OPTIONS),
  messages: v.pipe(v.array(messageSchema), v.maxLength(MAX_MESSAGES), v.check(isTree, 'Expected messages in order')),
  leaf: v.optional(count),
};

/** A conversation as it lies in the browser's storage. */
export const recordSchema = v.object({
  ...entries,
  /** Manifest, or private swarm, that the tokens belong to. */
  home: v.string(),
  /** For people. */
  modelName: v.string(),
  savedAtMs: count,
  /** It is shown in a tab, or was when the tab went. */
  open: v.boolean(),
  running: v.optional(runningSchema),
});

/** A conversation in a file. */
export const chatFileSchema = v.object({
  format: v.literal('shoal-conversation'),
  ...entries,
  modelName: v.optional(v.string(), ''),
});

const entriesSchema = v.object(entries);
type ChatEntries = v.InferOutput<typeof entriesSchema>;

export type ChatRecord = Readonly<v.InferOutput<typeof recordSchema>>;
/** An answer that is being made: how, and its exact tokens so far. */
export type RunningAnswer = Readonly<v.InferOutput<typeof runningSchema>>;

/** What a conversation is. */
export interface ChatContent {
  readonly tree: MessageTree;
  readonly options: ChatRecord['options'];
  readonly givenTitle: string | undefined;
  readonly pinned: boolean;
  /** Of the message that streams. */
  readonly running: RunningAnswer | undefined;
}

/** The entries that hold a conversation; of one that is too long the newest messages. */
export function entriesOf({ tree, options, givenTitle, pinned, running }: ChatContent) {
  const messages = newest(tree);
  const fits = running && running.promptIds.length <= MAX_IDS && running.ids.length <= MAX_IDS;
  return {
    ...{ title: givenTitle, pinned, options, messages: [...messages], leaf: tree.leaf },
    ...(fits ? { running } : {}),
  };
}

/** @param running - of the same record */
export function contentOf(entries: ChatEntries, running?: RunningAnswer): ChatContent {
  const { title, pinned, options, leaf } = entries;
  const messages = entries.messages.map(({ continuable = false, ...message }): TreeMessage => {
    const { parent, error, note } = message;
    return { ...message, parent, error, note, continuable };
  });
  const tree = { messages, leaf: leaf ?? messages.at(-1)?.id };
  return { tree, options, givenTitle: title, pinned, running };
}

/** Those that are shown before those of other branches, the newest before older ones. */
function newest(tree: MessageTree): readonly TreeMessage[] {
  const shown = pathTo(tree, tree.leaf);
  const rest = tree.messages.filter((message) => !shown.includes(message));
  const kept = new Set<TreeMessage>();
  let chars = 0;
  for (const message of [...rest, ...shown].reverse()) {
    chars += message.text.length;
    if (chars > MAX_CHARS || kept.size === MAX_MESSAGES) break;
    kept.add(message);
  }
  const ids = new Set([...kept].map(({ id }) => id));
  // Whose question is gone begins anew.
  return tree.messages
    .filter((message) => kept.has(message))
    .map((message) => ({ ...message, parent: ids.has(message.parent ?? -1) ? message.parent : undefined }));
}

/** Each message comes after the one that it follows, and no id twice. */
function isTree(messages: v.InferOutput<typeof messageSchema>[]): boolean {
  const seen = new Set<number>();
  for (const { id, parent } of messages) {
    if (seen.has(id) || (parent !== undefined && !seen.has(parent))) return false;
    seen.add(id);
  }
  return true;
}
