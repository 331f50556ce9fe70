import { useLayoutEffect } from 'preact/hooks';
import { type PageState, usePage } from '../page-state.ts';
import { isPressed, SHORTCUTS, type ShortcutName } from '../shortcuts.ts';

/** What letters are typed into, or choose from. */
const FIELDS = 'textarea, select, [contenteditable], input:not([type=checkbox], [type=range], [type=file])';

type PageShortcut = Exclude<ShortcutName, 'leave' | 'send' | 'newLine'>;

/** What the page does at a key; those of a field are handled where it is. */
const ACTIONS: Readonly<Record<PageShortcut, (page: PageState) => void>> = {
  stop: ({ model }) => model.stop(),
  sheet: (page) => (page.sheet.value = true),
  prompt: (page) => focusOn('#prompt', () => page.show('chat')),
  newConversation: (page) => {
    page.model.newConversation();
    page.show('chat');
    focusOn('#prompt');
  },
  search: (page) => (page.drawer.value = 'search'),
  settings: (page) => {
    page.settingsOpen.value = true;
    focusOn('#settings > summary', () => page.show('swarm'));
  },
};

/** Has the page follow the keys of the table. */
export function useShortcuts(): void {
  const page = usePage();
  // Keys are heard as soon as the page is seen.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // An open dialog takes keys for itself.
      if (document.querySelector('dialog[open]')) return;
      const typing = event.target instanceof Element && event.target.closest(FIELDS) !== null;
      const name = (Object.keys(ACTIONS) as PageShortcut[]).find((each) => isPressed(each, event));
      if (name === undefined || (name === 'stop' && !page.model.busy.value)) return;
      const { singleKeys } = page.model.settings.value;
      if (SHORTCUTS[name].place === 'outside' && (typing || !singleKeys)) return;
      event.preventDefault();
      ACTIONS[name](page);
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [page]);
}

/** @param reveal - has a narrow screen show the side that it is on */
export function focusOn(selector: string, reveal?: () => void): void {
  const seen = () => document.querySelector<HTMLElement>(selector);
  if (seen()?.offsetParent === null) reveal?.();
  // Once it is drawn.
  requestAnimationFrame(() => seen()?.focus());
}
