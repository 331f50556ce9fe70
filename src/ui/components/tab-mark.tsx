import { tabHue } from '../tab-color.ts';

/** A tab's colour, beside its name. */
export function TabMark({ peerId }: { peerId: string }) {
  return <span class="tab-mark" aria-hidden="true" style={{ '--tab-hue': `${tabHue(peerId)}deg` }} />;
}
