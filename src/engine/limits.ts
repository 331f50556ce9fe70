import { MAX_TASK_TOKENS } from '../protocol/limits.ts';

/** KV pages of all sessions on one device: eleven thousand tokens of the default model, and what a browser tab may take of a laptop's memory. */
export const MAX_KV_BYTES = 512 * 1024 * 1024;
/** Pages that the KV pool has when a session begins; it doubles as they fill. Enough for a first question and its answer. */
export const FIRST_KV_PAGES = 16;
/** The same of states: those of one session. */
export const FIRST_STATES = 5;
/** File bytes read, repacked and handed to the device at once: a copy on the heap, and one where they are repacked. */
export const LOAD_CHUNK_BYTES = 1024 * 1024;
/** Bytes handed over before the loader waits for the GPU to take them: bounds what lies in staging memory. */
export const LOAD_STAGED_BYTES = 32 * 1024 * 1024;
/** Rows of logits computed at once: bounds the scratch memory of a large vocabulary (8 MiB at 262,144). */
export const LOGIT_ROWS = 8;
/** Positions a task may have on a software adapter: at 15 tokens a second, two seconds that others wait. */
export const SOFTWARE_TASK_TOKENS = 32;

/** Positions a task may have on the CPU: at 100 tokens a second, two thirds of a second that others wait. */
export const CPU_TASK_TOKENS = 64;

/** WebAssembly memory that weights leave free: for a conversation, and what is put in order while it is loaded. */
export const CPU_SPARE_BYTES = 256 * 1024 * 1024;

export function maxTaskTokens(software: boolean): number {
  return software ? SOFTWARE_TASK_TOKENS : MAX_TASK_TOKENS;
}
