import { type ErrorCode, ShoalError } from '../../../src/core/errors.ts';

// Checks for cases that run in Node and in a page alike, where no test runner is.

/** @throws Error with this text unless the condition holds */
export function check(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** Byte arrays by their bytes, everything else by its JSON. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    check(actual.length === expected.length, `${what}: ${actual.length} bytes, expected ${expected.length}`);
    const difference = expected.findIndex((byte, index) => byte !== actual[index]);
    check(difference < 0, `${what}: byte ${difference} is ${actual[difference]}, expected ${expected[difference]}`);
  } else {
    const [found, wanted] = [String(JSON.stringify(actual)), String(JSON.stringify(expected))];
    check(found === wanted, `${what}: ${found}, expected ${wanted}`);
  }
}

/** The promise must fail as a `ShoalError` of this code. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  let thrown: unknown;
  try {
    await promise;
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) throw new Error(`${code} was expected, but nothing failed`);
  if (!(thrown instanceof ShoalError)) throw new Error(`${code} was expected, found ${String(thrown)}`);
  check(thrown.code === code, `${code} was expected, found ${thrown.code}: ${thrown.message}`);
}

/** Waits until the condition holds. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Random enough that no two are alike. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  // One call fills at most 64 KiB.
  for (let start = 0; start < length; start += 65_536) crypto.getRandomValues(bytes.subarray(start, start + 65_536));
  return bytes;
}
