import type { AnswerDelta, AnswerEnd } from '../answer.ts';
import { CallScanner, type ScannedPart } from './call-scanner.ts';
import type { CallSyntax } from './call-syntax.ts';
import { newCallId } from './called-function.ts';

/** An answer with the calls taken out of its text: an end that they made is none of the text's. */
export async function* withCallsApart(
  events: AsyncGenerator<AnswerDelta | AnswerEnd, void>,
  syntaxes: readonly CallSyntax[],
): AsyncGenerator<AnswerDelta | AnswerEnd, void> {
  const scanner = new CallScanner(syntaxes);
  for await (const event of events) {
    if (event.kind === 'delta') yield* deltas(scanner.push(event.text), event.logprobs);
    else {
      yield* deltas(scanner.flush(), []);
      yield { ...event, called: scanner.calls > 0 };
    }
  }
}

/** @param logprobs - of all the parts' tokens: told with the first, or alone */
function deltas(parts: readonly ScannedPart[], logprobs: AnswerDelta['logprobs']): AnswerDelta[] {
  const told = parts.map((part): Omit<AnswerDelta, 'logprobs'> => {
    if (part.kind === 'text') return { kind: 'delta', text: part.text };
    const { index } = part;
    const call =
      part.kind === 'call'
        ? { index, begun: { id: part.id ?? newCallId(), name: part.name }, arguments: '' }
        : { index, arguments: part.text };
    return { kind: 'delta', text: '', calls: [call] };
  });
  if (told.length === 0 && logprobs.length > 0) return [{ kind: 'delta', text: '', logprobs }];
  return told.map((delta, place) => ({ ...delta, logprobs: place === 0 ? logprobs : [] }));
}
