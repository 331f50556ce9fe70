import { isErrno } from './is-errno.ts';

/** Whether another process with this id lives. */
export function isRunning(pid: number): boolean {
  try {
    // Signal 0 is only a question.
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}
