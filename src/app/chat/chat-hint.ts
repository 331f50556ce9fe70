import { tabItems } from '../lasting-items.ts';

const ITEM = 'shoal-has-conversation';

/**
 * Whether this tab had a conversation when it was last open. The conversation itself is read a moment later; the page
 * leaves room for it from the first frame on, so that nothing moves when it comes.
 */
export function hadConversation(): boolean {
  return tabItems()?.getItem(ITEM) === 'yes';
}

/** What the next page of this tab is to expect. */
export function expectConversation(expected: boolean): void {
  if (expected) tabItems()?.setItem(ITEM, 'yes');
  else tabItems()?.removeItem(ITEM);
}
