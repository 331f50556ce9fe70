import { createRequire } from 'node:module';
import type { GrammarFollower, Grammars } from '../../src/grammar/answer-grammar.ts';
import { GrammarMatchers } from '../../src/grammar/grammar-matchers.ts';
import type { TokenData } from '../../src/tokenizer/token-table.ts';

// The library's bundle takes Node for CommonJS.
const { filename } = import.meta;
Object.assign(globalThis, { require: createRequire(import.meta.url), __filename: filename });

/** Grammars in the thread of the test. */
export function localGrammars(tokens: TokenData): Grammars {
  let opening: Promise<GrammarMatchers> | undefined;
  return {
    async follow(grammar): Promise<GrammarFollower> {
      opening ??= GrammarMatchers.open(tokens);
      const matchers = await opening;
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
