import type { CompletionChoice } from '@mlc-ai/web-llm';

/** The tokens of one choice as the older completions list them: each kind of fact in a list of its own. */
export class TokenList {
  /** Characters of the choice so far. */
  #length = 0;

  /** The choice's next part, or all of it; null where its tokens were not asked for. */
  convert({ text, logprobs }: Pick<CompletionChoice, 'text' | 'logprobs'>) {
    const start = this.#length;
    this.#length += text.length;
    const content = logprobs?.content;
    if (!content) return null;
    let offset = start;
    return {
      tokens: content.map(({ token }) => token),
      token_logprobs: content.map(({ logprob }) => logprob),
      top_logprobs: content.map(({ top_logprobs }) =>
        Object.fromEntries(top_logprobs.map(({ token, logprob }) => [token, logprob])),
      ),
      text_offset: content.map(({ token }) => {
        const place = offset;
        offset += token.length;
        return place;
      }),
    };
  }
}
