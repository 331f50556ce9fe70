import * as comlink from 'comlink';

declare const guarded: unique symbol;

/** A progress callback for a worker, made by `withProgress` alone. */
export type WorkerProgress = ((done: number) => void) & { readonly [guarded]: true };

/**
 * Makes a call to a worker that tells its progress. A callback's messages travel on a port of their own, which no
 * browser keeps in step with the port of the answer: in Firefox the last of them come after it. So nothing is told once
 * the call has settled, nor less than was told before.
 * @param onProgress - told how much is done
 * @param call - given what the worker is to be handed
 */
export async function withProgress<Result>(
  onProgress: ((done: number) => void) | undefined,
  call: (progress: WorkerProgress) => Promise<Result>,
): Promise<Result> {
  let told = Number.NEGATIVE_INFINITY;
  let settled = false;
  const tell = (done: number) => {
    if (settled || done <= told) return;
    told = done;
    onProgress?.(done);
  };
  try {
    return await call(comlink.proxy(tell) as unknown as WorkerProgress);
  } finally {
    settled = true;
  }
}
