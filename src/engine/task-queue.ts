/** Runs asynchronous calls one after the other, in the order in which they came. */
export class TaskQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(call: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(call);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
