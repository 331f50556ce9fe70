/**
 * Entries of several owners, taken in turn: one of each owner, then the next of each. An entry that an owner adds comes
 * after what it has added before, and an owner that adds its first comes after those that wait already.
 */
export class FairRing<Entry> {
  /** Whose turn it is comes first. */
  readonly #owners = new Map<string, Entry[]>();

  /** In no order that says whose turn it is. */
  entries(): Entry[] {
    return [...this.#owners.values()].flat();
  }

  add(owner: string, entry: Entry): void {
    const entries = this.#owners.get(owner);
    if (entries) entries.push(entry);
    else this.#owners.set(owner, [entry]);
  }

  /**
   * Takes the first entry that fits; its owner's next turn comes after everybody else's. One that goes before others of
   * its owner's leaves them their turn.
   */
  take(fits: (entry: Entry) => boolean = () => true): Entry | undefined {
    for (const [owner, entries] of this.#owners) {
      const index = entries.findIndex(fits);
      if (index < 0) continue;
      const [entry] = entries.splice(index, 1);
      if (index === 0) {
        this.#owners.delete(owner);
        if (entries.length > 0) this.#owners.set(owner, entries);
      }
      return entry;
    }
    return undefined;
  }

  delete(owner: string, entry: Entry): void {
    const entries = this.#owners.get(owner);
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index < 0) return;
    entries.splice(index, 1);
    if (entries.length === 0) this.#owners.delete(owner);
  }
}
