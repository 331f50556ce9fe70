/** Parts of a deadline: a machine that stands still for a while uses one of them up, not all. */
const TICKS = 4;

/**
 * The promise, or what `past` throws when it takes longer. The time is counted in parts, as timers are kept waiting
 * while a page, or the whole machine, is held up: what was not at work then is not late.
 * @param past - called once the time is over; throws
 */
export async function withDeadline<Result>(
  promise: Promise<Result>,
  timeoutMs: number,
  past: () => never,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const tick = (left: number) => {
      timer = setTimeout(() => {
        if (left > 1) return tick(left - 1);
        try {
          past();
        } catch (error) {
          reject(error);
        }
      }, timeoutMs / TICKS);
    };
    tick(TICKS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
