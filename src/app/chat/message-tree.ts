import type { ChatMessage } from '../app-model.ts';

/** A message and the one that it follows; undefined for the first of a conversation. */
export interface TreeMessage extends Omit<ChatMessage, 'branch'> {
  readonly parent: number | undefined;
}

/** A conversation with its branches: several messages may follow one. */
export interface MessageTree {
  /** A message comes after the one that it follows. */
  readonly messages: readonly TreeMessage[];
  /** The last message of the branch that is shown. */
  readonly leaf: number | undefined;
}

export const EMPTY_TREE: MessageTree = { messages: [], leaf: undefined };

/** The messages from the first to this one. */
export function pathTo({ messages }: MessageTree, leaf: number | undefined): readonly TreeMessage[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: TreeMessage[] = [];
  for (let at = leaf; at !== undefined; ) {
    const message = byId.get(at);
    // A file may name what is not in it, or go round in a circle.
    if (!message || path.length > messages.length) break;
    path.push(message);
    at = message.parent;
  }
  return path.reverse();
}

/** Messages that follow the same one, this among them, the oldest first. */
export function alternatives({ messages }: MessageTree, { parent }: TreeMessage): readonly TreeMessage[] {
  return messages.filter((other) => other.parent === parent);
}

/** Where the branch of this message ends: of several that follow one, the newest counts. */
export function newestBelow({ messages }: Pick<MessageTree, 'messages'>, id: number): number {
  const following = messages.findLast(({ parent }) => parent === id);
  return following ? newestBelow({ messages }, following.id) : id;
}

export function changed(tree: MessageTree, id: number, change: Partial<TreeMessage>): MessageTree {
  const messages = tree.messages.map((message) => (message.id === id ? { ...message, ...change } : message));
  return { ...tree, messages };
}

/** Without these; the branch that is shown ends before them. */
export function without(tree: MessageTree, ids: ReadonlySet<number>): MessageTree {
  const leaf = pathTo(tree, tree.leaf).findLast(({ id }) => !ids.has(id))?.id;
  return { messages: tree.messages.filter(({ id }) => !ids.has(id)), leaf };
}

/** Draws the branch that is shown: a message is the same object as long as nothing of it changes. */
export class ShownMessages {
  readonly #drawn = new WeakMap<TreeMessage, ChatMessage>();

  of(tree: MessageTree): readonly ChatMessage[] {
    const siblings = Map.groupBy(tree.messages, ({ parent }) => parent);
    return pathTo(tree, tree.leaf).map((message) => this.#draw(message, siblings.get(message.parent)!));
  }

  #draw(message: TreeMessage, siblings: readonly TreeMessage[]): ChatMessage {
    const count = siblings.length;
    const branch = count > 1 ? { number: siblings.indexOf(message) + 1, count } : undefined;
    const before = this.#drawn.get(message);
    if (before && before.branch?.number === branch?.number && before.branch?.count === branch?.count) return before;
    const { parent: _, ...own } = message;
    const drawn = branch ? { ...own, branch } : own;
    this.#drawn.set(message, drawn);
    return drawn;
  }
}
