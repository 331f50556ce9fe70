/** A page that runs functions: what Playwright's pages have in common with those of other drivers. */
export interface Evaluator {
  evaluate<Result>(run: () => Result | Promise<Result>): Promise<Result>;
  evaluate<Result, Value>(run: (value: Value) => Result | Promise<Result>, value: Value): Promise<Result>;
}

/** A tab in whichever browser. */
export interface AnyTab {
  readonly page: Evaluator;
}
