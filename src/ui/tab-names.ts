import { shortPeerId } from '../core/format.ts';
import { words } from '../words/words.ts';

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A tab and what its owner calls it, which may be nothing. */
export interface NamedTab {
  readonly peerId: string;
  readonly name: string;
}

/** What this tab's page calls the tabs of the swarm. */
export class TabNames {
  /** This tab's peer id. */
  readonly self: string;
  readonly #present: ReadonlyMap<string, string>;
  readonly #heard: ReadonlyMap<string, string>;
  readonly #counts = new Map<string, number>([[alike(words().thisTab), 1]]);

  /**
   * @param present - the tabs that are in the swarm now, this one among them
   * @param heard - the names of all that were heard of since the page was opened, by peer id
   */
  constructor(self: string, present: readonly NamedTab[], heard: ReadonlyMap<string, string>) {
    this.self = self;
    this.#present = new Map(present.map(({ peerId, name }) => [peerId, name]));
    this.#heard = heard;
    for (const name of this.#present.values()) this.#counts.set(alike(name), (this.#counts.get(alike(name)) ?? 0) + 1);
  }

  /** A tab in a sentence. */
  of(peerId: string): string {
    return peerId === this.self || peerId === '' ? words().thisTab : this.full(peerId);
  }

  /**
   * Its name, with the short id beside it where that could be two tabs; the short id alone where it has no name.
   * @param said - what others call it, where nothing was heard of it
   */
  full(peerId: string, said = ''): string {
    const short = shortPeerId(peerId);
    const present = this.#present.get(peerId);
    const name = present ?? this.#heard.get(peerId) ?? said;
    if (name === '') return short;
    // One that has gone may have come back as another.
    const alone = present !== undefined && this.#counts.get(alike(name)) === 1;
    const apart = RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
    return alone ? apart : `${apart} (${short.replace('…', '')})`;
  }
}

/** What two names have in common that people may take for one. */
function alike(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
