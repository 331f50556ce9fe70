/** Parts of a deadline: a machine that stands still for a while uses one of them up, not all. */
const TICKS = 4;

/**
 * The promise, unless it takes longer; what it comes to is then nobody's. The time is counted in parts, as timers are kept waiting
 * while a page, or the whole machine, is held up: what was not at work then is not late.
 * @param onLate - called then, after the promise has been given up
 * @throws `late`
 */
export async function withDeadline<Result>(
  promise: Promise<Result>,
  timeoutMs: number,
  late: Error,
  onLate: () => void = () => undefined,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const past = new Promise<never>((_, reject) => {
    const end = () => {
      reject(late);
      onLate();
    };
    const tick = (left: number) => {
      timer = setTimeout(() => (left > 1 ? tick(left - 1) : end()), timeoutMs / TICKS);
    };
    tick(TICKS);
  });
  try {
    return await Promise.race([promise, past]);
  } finally {
    clearTimeout(timer);
  }
}
