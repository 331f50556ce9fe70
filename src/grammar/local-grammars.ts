import { Lazy } from '../core/lazy.ts';
import type { TokenData } from '../tokenizer/token-table.ts';
import type { GrammarFollower, Grammars } from './answer-grammar.ts';
import { GrammarMatchers } from './grammar-matchers.ts';

/** Grammars in the thread that calls. A schema that takes for ever to compile holds it up: it is for one's own. */
export function localGrammars(tokens: TokenData): Grammars {
  const opening = new Lazy(() => GrammarMatchers.open(tokens));
  return {
    async follow(grammar): Promise<GrammarFollower> {
      const matchers = await opening.get();
      const answer = await matchers.begin(grammar);
      let told = 0;
      return {
        async allowed(ids) {
          const fresh = ids.slice(told);
          told = ids.length;
          return matchers.advance(answer, fresh);
        },
        close: () => matchers.end(answer),
      };
    },
  };
}
