/** What takes the keyboard, in the page's order. */
const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';
const TEXT_FIELD = 'textarea, input:not([type=checkbox], [type=radio], [type=file], [type=range])';
/** What a click does is drawn by then; a button that was busy meanwhile takes clicks again. */
const SETTLE_MS = 50;

/** Where an element stands: what it is in, from the inside out, and its place among the children of each. */
interface Place {
  readonly element: HTMLElement;
  readonly within: readonly { readonly ancestor: Element; readonly index: number }[];
}

/**
 * Keeps the keyboard's place in the page: where the element that has it goes away, or takes no more input, what is next
 * to it takes over. Browsers would begin again at the top of the page.
 */
export function keepFocus(): void {
  let last: Place | undefined;
  let byTouch = false;
  let looksSoon = false;
  document.addEventListener('focusin', ({ target }) => {
    last = target instanceof HTMLElement ? placeOf(target) : undefined;
  });
  document.addEventListener('pointerdown', ({ target, pointerType }) => {
    byTouch = pointerType === 'touch';
    // Whoever presses beside everything gives the place up.
    if (target instanceof Element && !target.closest(FOCUSABLE)) last = undefined;
  });
  const look = () => {
    looksSoon = false;
    const { activeElement } = document;
    const lost = activeElement === null || activeElement === document.body || activeElement.matches(':disabled');
    if (!last || !lost) return;
    // An on-screen keyboard is for whoever asks for it.
    const takes = (element: HTMLElement) => isUsable(element) && !(byTouch && element.matches(TEXT_FIELD));
    const next = takes(last.element) ? last.element : nextTo(last, takes);
    next?.focus({ preventScroll: true });
  };
  const changes = new MutationObserver(() => {
    if (!looksSoon) setTimeout(look, SETTLE_MS);
    looksSoon = true;
  });
  const attributeFilter = ['disabled', 'hidden', 'open'];
  changes.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter });
}

function placeOf(element: HTMLElement): Place {
  const within: { ancestor: Element; index: number }[] = [];
  let inner: Element = element;
  for (let outer = element.parentElement; outer; outer = outer.parentElement) {
    within.push({ ancestor: outer, index: [...outer.children].indexOf(inner) });
    inner = outer;
  }
  return { element, within };
}

/** What comes after the place in the narrowest ancestor that has anything, otherwise what comes before it. */
function nextTo({ within }: Place, takes: (element: HTMLElement) => boolean): HTMLElement | undefined {
  for (const { ancestor, index } of within) {
    if (!ancestor.isConnected) continue;
    const inside = [...ancestor.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(takes);
    const there = ancestor.children[index];
    const after = inside.find(
      (element) =>
        there && (there.contains(element) || there.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING),
    );
    const next = after ?? inside.at(-1);
    if (next) return next;
  }
  return undefined;
}

function isUsable(element: HTMLElement): boolean {
  return (
    element.isConnected && !element.matches(':disabled') && !element.closest('[inert]') && element.checkVisibility()
  );
}
