import type { AnswerGrammar } from '../src/grammar/answer-grammar.ts';
import type { TokenData } from '../src/tokenizer/token-table.ts';

/** What the page asks of the grammar worker; a grammar of nobody's making may take any time. */
export interface GrammarWorkerApi {
  /** Called once, before everything else. */
  open(tokens: TokenData): Promise<void>;
  /** @see GrammarMatchers.begin */
  begin(grammar: AnswerGrammar): Promise<number>;
  /** @see GrammarMatchers.advance. The words are transferred. */
  advance(answer: number, ids: readonly number[]): Promise<Uint32Array<ArrayBuffer> | 'end'>;
  /** @see GrammarMatchers.end */
  end(answer: number): void;
}
