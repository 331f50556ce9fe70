/** Whether the page keeps anything. */
let kept = true;

/** Has this page read and keep no items, as if it were the first in a new browser: before anything else of it runs. */
export function keepNoItems(): void {
  kept = false;
}

/** `localStorage`; undefined where the browser keeps no site data, and even asking for it throws. */
export function lastingItems(): Storage | undefined {
  return itemsOf(() => localStorage);
}

/** `sessionStorage`, which ends with the tab; undefined as `lastingItems`. */
export function tabItems(): Storage | undefined {
  return itemsOf(() => sessionStorage);
}

function itemsOf(storage: () => Storage): Storage | undefined {
  try {
    return kept ? storage() : undefined;
  } catch {
    return undefined;
  }
}
