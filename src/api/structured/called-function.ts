/** A call of a function that an answer has made. */
export interface CalledFunction {
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** A part of a call: its id and name with the first, more of its arguments with those that follow. */
export interface CallDelta {
  /** Of the answer's calls. */
  readonly index: number;
  readonly begun?: { readonly id: string; readonly name: string } | undefined;
  readonly arguments: string;
}

const ID_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** Mistral's templates take no other length. */
export const CALL_ID_LENGTH = 9;

export function newCallId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CALL_ID_LENGTH));
  return Array.from(bytes, (byte) => ID_CHARACTERS[byte % ID_CHARACTERS.length]).join('');
}

/** The calls, further by these parts. */
export function withCalls(calls: readonly CalledFunction[], deltas: readonly CallDelta[]): CalledFunction[] {
  const further = [...calls];
  for (const { index, begun, arguments: more } of deltas) {
    const call = begun ? { ...begun, arguments: '' } : further[index]!;
    further[index] = { ...call, arguments: call.arguments + more };
  }
  return further;
}
