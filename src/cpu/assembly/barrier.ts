/** Looks at memory before a thread sleeps: a few microseconds, about what waking up costs. */
const SPINS: i32 = 2000;

/**
 * Returns when all threads have come. Control words: threads that came, meetings so far, threads asleep.
 */
export function barrier(control: usize, threads: u32): void {
  const meeting = atomic.load<i32>(control, 4);
  if (atomic.add<u32>(control, 1) == threads - 1) {
    atomic.store<u32>(control, 0);
    atomic.add<i32>(control, 1, 4);
    // Whoever goes to sleep from here on sees the new number and does not.
    if (atomic.load<i32>(control, 8) > 0) atomic.notify(control + 4, -1);
    return;
  }
  for (let spin = 0; spin < SPINS; spin++) if (atomic.load<i32>(control, 4) != meeting) return;
  atomic.add<i32>(control, 1, 8);
  while (atomic.load<i32>(control, 4) == meeting) atomic.wait<i32>(control + 4, meeting, -1);
  atomic.sub<i32>(control, 1, 8);
}
