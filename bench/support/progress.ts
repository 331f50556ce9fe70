const startedAtMs = performance.now();

/** Says on the error output what is measured next; the report alone goes to the standard output. */
export function announceStep(what: string): void {
  console.error(`${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
