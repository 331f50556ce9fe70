import { type ReasonedText, type ThoughtMarks, ThoughtReader } from '../../tokenizer/thought-reader.ts';
import type { AnswerDelta, AnswerEnd } from '../answer.ts';

/** An answer with what the model says to itself apart from its text. */
export async function* withThoughtsApart(
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
