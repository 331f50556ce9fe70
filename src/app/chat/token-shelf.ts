import type { NotedAnswer } from './answer-tokens.ts';

/** Which answer: of whose tokens, and where it stands. */
export interface AnswerPlace {
  /** The model's, or the private swarm's. */
  readonly home: string;
  readonly chat: string;
  readonly message: number;
}

/** What a shelf knows to put back. */
export type RemovedTokens = readonly [key: string, value: unknown][];

/** Where the tokens of answers are kept, for later pages. */
export interface TokenShelf {
  /** Of a conversation's answers in this home, by message. */
  read(home: string, chat: string): Promise<ReadonlyMap<number, NotedAnswer>>;
  write(place: AnswerPlace, answer: NotedAnswer): Promise<void>;
  /** All of a conversation. */
  remove(chat: string): Promise<RemovedTokens>;
  putBack(removed: RemovedTokens): Promise<void>;
}
