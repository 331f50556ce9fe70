import type { AnswerGrammar } from '../../grammar/answer-grammar.ts';
import type { TokenTable } from '../../tokenizer/index.ts';
import { OPENING, type ReasonedText, type ThoughtMarks, ThoughtReader } from '../../tokenizer/thought-reader.ts';
import type { AnswerDelta, AnswerEnd } from '../answer.ts';

/** Tokens that have a mark of thought and the spaces behind it, also where it is none of the vocabulary. */
const END_OF_PROMPT = 16;

/** What a model says to itself in an answer. */
export interface AnswerThoughts {
  /** Follows one answer. @returns whether a piece of it, told in order, is of a thought */
  follow(): (piece: string) => boolean;
  /** The answer with its thoughts apart from its text. */
  apart(events: AsyncGenerator<AnswerDelta | AnswerEnd, void>): AsyncGenerator<AnswerDelta | AnswerEnd, void>;
}

/** Whether the prompt ends in a thought, so that the answer has its end only. */
export function endsInThought(tokens: TokenTable, promptIds: readonly number[]): boolean {
  return tokens.decode(promptIds.slice(-END_OF_PROMPT)).trimEnd().endsWith(OPENING);
}

/** @param begun - whether the prompt ends in a thought */
export function thoughtsOf(tags: boolean, grammar: AnswerGrammar | undefined, begun: boolean): AnswerThoughts {
  // Other forms leave no room for its end.
  const mayEnd = grammar === undefined || grammar.kind === 'calls' || grammar.kind === 'thought-first';
  const marks = { tags, begun: begun && mayEnd };
  return {
    follow() {
      const reader = new ThoughtReader(marks);
      return (piece) => {
        reader.push(piece);
        return reader.inThought;
      };
    },
    apart: (events) => withThoughtsApart(events, marks),
  };
}

async function* withThoughtsApart(
  events: AsyncGenerator<AnswerDelta | AnswerEnd, void>,
  marks: ThoughtMarks,
): AsyncGenerator<AnswerDelta | AnswerEnd, void> {
  const reader = new ThoughtReader(marks);
  let logprobs: AnswerDelta['logprobs'] = [];
  for await (const event of events) {
    if (event.kind === 'end') {
      yield* deltas(reader.flush(), reader.inThought ? [] : logprobs);
      yield event;
    } else if (event.calls) {
      yield* deltas(reader.settle(), []);
      yield { ...event, logprobs: [...logprobs, ...event.logprobs] };
      logprobs = [];
    } else {
      const said = reader.push(event.text);
      logprobs = [...logprobs, ...event.logprobs];
      const isAnswer = said.answer !== '' || reader.marked === false;
      yield* deltas(said, isAnswer ? logprobs : []);
      // Tokens of thoughts and marks are none of the text's.
      if (isAnswer || !reader.holdsAnswer) logprobs = [];
    }
  }
}

function deltas({ reasoning, answer }: ReasonedText, logprobs: AnswerDelta['logprobs']): AnswerDelta[] {
  const told: AnswerDelta[] = [];
  if (reasoning !== '') told.push({ kind: 'delta', text: '', reasoning, logprobs: [] });
  if (answer !== '' || logprobs.length > 0) told.push({ kind: 'delta', text: answer, logprobs });
  return told;
}
