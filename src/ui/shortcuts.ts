/** Where keys do something: everywhere, outside of fields, or where a prompt is typed. */
export type ShortcutPlace = 'anywhere' | 'outside' | 'prompt';

interface Shortcut {
  readonly place: ShortcutPlace;
  /** By `KeyboardEvent.key`, modifiers first. */
  readonly keys: readonly [string] | readonly ['Shift', string];
}

/** All keyboard shortcuts, in the order of the sheet: what handles keys and what lists them read this table. */
export const SHORTCUTS = {
  stop: { place: 'anywhere', keys: ['Escape'] },
  leave: { place: 'anywhere', keys: ['Escape'] },
  sheet: { place: 'outside', keys: ['?'] },
  prompt: { place: 'outside', keys: ['/'] },
  newConversation: { place: 'outside', keys: ['n'] },
  search: { place: 'outside', keys: ['s'] },
  settings: { place: 'outside', keys: [','] },
  send: { place: 'prompt', keys: ['Enter'] },
  newLine: { place: 'prompt', keys: ['Shift', 'Enter'] },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof SHORTCUTS;

type Pressed = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey' | 'isComposing'>;

/** Whether these keys are pressed, and nothing beside them. Never while an input method composes: its Enter is its own. */
export function isPressed(name: ShortcutName, pressed: Pressed): boolean {
  const { keys }: Shortcut = SHORTCUTS[name];
  const key = keys.at(-1)!;
  if (pressed.isComposing || pressed.ctrlKey || pressed.metaKey) return false;
  // Which modifiers a sign needs is the keyboard's matter: "?" and "/" are elsewhere on each.
  if (key.length === 1) return pressed.key.toLowerCase() === key;
  return pressed.key === key && pressed.shiftKey === keys.length > 1 && !pressed.altKey;
}
