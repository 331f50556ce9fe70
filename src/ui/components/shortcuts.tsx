import { useEffect } from 'preact/hooks';
import { useShortcuts } from '../hooks/use-shortcuts.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const shortcutSheet = lazyComponent(async () => (await import('./shortcut-sheet.tsx')).ShortcutSheet);

/** Follows the keyboard's shortcuts, and lists them when asked to. */
export function Shortcuts() {
  const { sheet } = usePage();
  useShortcuts();
  const open = sheet.value;
  useEffect(() => {
    if (open) void shortcutSheet.load();
  }, [open]);
  const Sheet = shortcutSheet.component.value;
  return open && Sheet ? <Sheet onClose={() => (sheet.value = false)} /> : null;
}
