/**
 * What is made when it is first asked for, once: who asks meanwhile waits for the same. What has failed is made anew for
 * whoever asks next. Chromium goes on refusing a module that once did not come, whatever asks for it.
 */
export class Lazy<T> {
  readonly #make: () => Promise<T>;
  #made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.#make = make;
  }

  get(): Promise<T> {
    this.#made ??= this.#begin();
    return this.#made;
  }

  /** What is there, or on its way: undefined where nobody has asked, or where it failed. */
  get begun(): Promise<T> | undefined {
    return this.#made;
  }

  /** The next is made anew. */
  forget(): void {
    this.#made = undefined;
  }

  #begin(): Promise<T> {
    const making: Promise<T> = this.#make().catch((error: unknown) => {
      if (this.#made === making) this.#made = undefined;
      throw error;
    });
    return making;
  }
}
