import type { GeneratedToken } from '../../swarm/coordinator/generation.ts';
import type { TokenTable } from '../../tokenizer/index.ts';
import type { AnswerToken } from '../app-model.ts';
import type { RunningAnswer } from './chat-record.ts';

/** Likeliest tokens that are noted at each place. */
export const NOTED_ALTERNATIVES = 6;
/** Answers whose tokens are remembered, the newest. */
const MAX_ANSWERS = 32;

/** A token as it was drawn, and what was likely in its place. */
export type NotedToken = Pick<GeneratedToken, 'id' | 'logprob' | 'top'>;

interface NotedAnswer {
  readonly running: RunningAnswer;
  /** By the place in `running.ids`; undefined where an earlier page drew it. */
  readonly tokens: readonly (NotedToken | undefined)[];
}

/** The tokens of this page's answers, and what might have stood in their places. They go with the page. */
export class AnswerTokens {
  readonly #answers = new Map<number, NotedAnswer>();

  /**
   * Remembers an answer as far as it has come.
   * @param running - all of its tokens
   * @param drawn - the last of them, as they were drawn now
   */
  note(messageId: number, running: RunningAnswer, drawn: readonly NotedToken[]): void {
    const first = running.ids.length - drawn.length;
    const before = this.#answers.get(messageId)?.tokens ?? [];
    const tokens = Array.from({ length: Math.max(0, first) }, (_, place) => before[place]);
    this.#answers.delete(messageId);
    this.#answers.set(messageId, { running, tokens: [...tokens, ...drawn] });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS) break;
      this.#answers.delete(oldest);
    }
  }

  has(messageId: number): boolean {
    return (this.#answers.get(messageId)?.running.ids.length ?? 0) > 0;
  }

  /** Of a message, in order; none where this page has not made it. */
  rows(messageId: number, table: TokenTable): readonly AnswerToken[] {
    const { running, tokens } = this.#answers.get(messageId) ?? {};
    if (!running || !tokens) return [];
    return running.ids.map((id, place) => {
      const noted = tokens[place];
      const others = noted?.top.filter((other) => other.id !== id) ?? [];
      return {
        text: textOf(table, id),
        share: noted && Math.exp(noted.logprob),
        others: others.map((other) => ({ text: textOf(table, other.id), share: Math.exp(other.logprob) })),
      };
    });
  }

  /**
   * What an answer begins with that goes on from a place of another.
   * @param other - which of the row's others stands there; undefined to draw anew
   */
  begin(messageId: number, place: number, other: number | undefined): RunningAnswer | undefined {
    const { running, tokens } = this.#answers.get(messageId) ?? {};
    if (!running || !tokens || place >= running.ids.length) return undefined;
    const ids = running.ids.slice(0, place);
    if (other === undefined) return { ...running, ids };
    const chosen = tokens[place]?.top.filter(({ id }) => id !== running.ids[place])[other];
    return chosen && { ...running, ids: [...ids, chosen.id] };
  }
}

function textOf(table: TokenTable, id: number): string {
  return new TextDecoder().decode(table.bytes(id));
}
