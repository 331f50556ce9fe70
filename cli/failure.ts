import { type ErrorCode, ShoalError } from '../src/core/errors.ts';

/** Failures that the person who typed the command can mend by typing another. */
const BAD_INPUT: readonly ErrorCode[] = [
  'bad-gguf',
  'bad-request',
  'limit-exceeded',
  'port-in-use',
  'truncated-gguf',
  'unsupported-architecture',
  'unsupported-tensor-type',
];

/** Says in one line what went wrong and sets the exit status: 2 for bad input, 1 for everything else. */
export function reportFailure(error: unknown): void {
  const failure = ShoalError.from(error);
  process.exitCode = BAD_INPUT.includes(failure.code) ? 2 : 1;
  // What nobody foresaw comes with its stack, for a report.
  console.error(failure.code === 'internal' ? error : `shoal: ${failure.message}`);
}
