import type { KernelExports } from './instance.ts';

/** What a thread is started with. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the control words: three for meetings (assembly/barrier.ts), then those below. */
  readonly control: number;
  readonly thread: number;
  readonly threads: number;
  readonly scratch: number;
}

export interface ThreadHandle {
  stop(): void;
}

export const CONTROL_BYTES = 64;
/** Control words: how many programs were given out, and the last one's address and length. */
const GIVEN = 4;
const PROGRAM = 5;
const COUNT = 6;

/** Lets all threads run a program. */
export function wakeThreads(memory: WebAssembly.Memory, control: number, program: number, count: number): void {
  const words = controlWords(memory, control);
  words[PROGRAM] = program;
  words[COUNT] = count;
  Atomics.add(words, GIVEN, 1);
  Atomics.notify(words, GIVEN);
}

/** A thread's life: sleeps until there is a program, runs it with the others, for ever. */
export function serveThread(exports: KernelExports, start: Omit<ThreadStart, 'module'>): never {
  const { memory, control, thread, threads, scratch } = start;
  const words = controlWords(memory, control);
  let seen = 0;
  for (;;) {
    Atomics.wait(words, GIVEN, seen);
    if (Atomics.load(words, GIVEN) === seen) continue;
    seen = Atomics.load(words, GIVEN);
    exports.run(words[PROGRAM]!, words[COUNT]!, control, thread, threads, scratch);
  }
}

function controlWords({ buffer }: WebAssembly.Memory, control: number): Int32Array {
  return new Int32Array(buffer, control, CONTROL_BYTES / 4);
}
