/** A session's states: one whose last two stay, so that an answer whose lap was lost goes on from the token before. */
const LAST = 2;
/** States of a session, each the size of all its layers' states: those two, and two that a conversation goes back to. */
export const MAX_STATES = 4;

/** When a state was left. */
export interface StateMoment {
  /** Tokens that it has seen. */
  readonly position: number;
  /** Whether it ends a task of several tokens, a piece of a prompt: there a conversation is taken up again. */
  readonly endsPrompt: boolean;
}

interface KeptState extends StateMoment {
  /** Where it lies. */
  readonly slot: number;
}

/** What layers with a state have kept of a session, to go back to. Before the first token the state is empty. */
export class SessionStates {
  /** By position, the current one last. */
  #kept: KeptState[] = [];
  /** Where the next task leaves its state. */
  next: number | undefined;

  /** Where the current state lies; undefined for the empty one. */
  get current(): number | undefined {
    return this.#kept.at(-1)?.slot;
  }

  /** Tokens that the current state has seen. */
  get position(): number {
    return this.#kept.at(-1)?.position ?? 0;
  }

  /** Every slot that it has. */
  get slots(): number[] {
    return [...this.#kept.map(({ slot }) => slot), ...(this.next === undefined ? [] : [this.next])];
  }

  /**
   * A task of so many tokens is done, and its state is in `next`.
   * @param position - the session's tokens by now
   * @returns slots that are free now
   */
  advance(position: number, tokens: number): number[] {
    this.add({ position, endsPrompt: tokens > 1 });
    if (this.#kept.length <= MAX_STATES) return [];
    const passing = this.#kept.findIndex(({ endsPrompt }, at) => !endsPrompt && at < this.#kept.length - LAST);
    return this.#kept.splice(Math.max(0, passing), 1).map(({ slot }) => slot);
  }

  /** The state in `next` is the current one from now on. */
  add(moment: StateMoment): void {
    this.#kept.push({ ...moment, slot: this.next! });
    this.next = undefined;
  }

  /**
   * What of the first `length` tokens outlasts the session: the newest state, and the last before it that ends a prompt, as
   * an answer may come back in other tokens than it was made of.
   */
  lasting(length: number): readonly KeptState[] {
    const within = this.#kept.filter(({ position }) => position <= length);
    const newest = within.pop();
    const prompt = within.findLast(({ endsPrompt }) => endsPrompt);
    return [prompt, newest].filter((state) => state !== undefined);
  }

  /**
   * Goes back to the last state of at most `wanted` tokens.
   * @returns its tokens, and slots that are free now
   */
  goBack(wanted: number): { readonly position: number; readonly freed: number[] } {
    const kept = this.#kept.filter(({ position }) => position <= wanted);
    const freed = this.#kept.slice(kept.length).map(({ slot }) => slot);
    this.#kept = kept;
    return { position: this.position, freed };
  }
}
