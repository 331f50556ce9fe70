import { lastingItems, tabItems } from '../lasting-items.ts';

/** A conversation that a tab had open is taken up by the next one within a day; after that it is found in the list. */
export const MAX_ORPHAN_AGE_MS = 24 * 60 * 60_000;
const ITEM = 'shoal-has-conversation';
/** When a tab went that had one, and of which swarm: the address's fragment. */
const LEFT = 'shoal-left-conversation';

/**
 * Whether this tab had a conversation when it was last open, or takes up the one of a tab that has gone. The conversation
 * itself is read a moment later; the page leaves room for it from the first frame on, so that nothing moves when it comes.
 */
export function hadConversation(): boolean {
  if (tabItems()?.getItem(ITEM) === 'yes') return true;
  const [leftAtMs, swarm] = lastingItems()?.getItem(LEFT)?.split(' ') ?? [];
  // An address that names no swarm is that of the server's first.
  const isSame = location.hash === '' || location.hash === swarm;
  return isSame && Date.now() - Number(leftAtMs) < MAX_ORPHAN_AGE_MS;
}

/** What the next page of this tab is to expect. */
export function expectConversation(expected: boolean): void {
  if (expected) tabItems()?.setItem(ITEM, 'yes');
  else tabItems()?.removeItem(ITEM);
}

/** This page goes: whichever opens next is to expect what it had. */
export function leaveConversation(): void {
  if (tabItems()?.getItem(ITEM) === 'yes') lastingItems()?.setItem(LEFT, `${Date.now()} ${location.hash}`);
}

/** It has been taken up, or nobody has it to take up. */
export function takeConversation(): void {
  lastingItems()?.removeItem(LEFT);
}
