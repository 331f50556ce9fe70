/** `localStorage`; undefined where the browser keeps no site data, and even asking for it throws. */
export function lastingItems(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
