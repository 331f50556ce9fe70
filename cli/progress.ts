/** How far a long task is. */
export interface Progress {
  /** "Downloading SmolLM2" */
  readonly task: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const REPAINT_MS = 100;
/** Where nobody watches (a log), a line for each step of so many percent. */
const LOG_STEP_PERCENT = 10;

/** Shows progress on `stream`: a line that is repainted in a terminal, a few lines in a log. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #task = '';
  #startedMs = 0;
  #paintedMs = 0;
  #loggedStep = -1;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  readonly show = ({ task, doneBytes, totalBytes }: Progress): void => {
    const now = performance.now();
    const percent = totalBytes > 0 ? Math.floor((100 * doneBytes) / totalBytes) : 0;
    if (task !== this.#task) this.#begin(task, now);
    const text = `${task}: ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB (${percent} %)`;
    const done = doneBytes >= totalBytes;
    if (this.#stream.isTTY) {
      if (!done && now - this.#paintedMs < REPAINT_MS) return;
      this.#paintedMs = now;
      this.#stream.write(`\r\x1b[K${text}${this.#timeLeft(now, doneBytes, totalBytes)}${done ? '\n' : ''}`);
      return;
    }
    const step = Math.floor(percent / LOG_STEP_PERCENT);
    if (step === this.#loggedStep) return;
    this.#loggedStep = step;
    this.#stream.write(`${text}\n`);
  };

  #begin(task: string, now: number): void {
    this.#task = task;
    this.#startedMs = now;
    this.#paintedMs = 0;
    this.#loggedStep = -1;
  }

  #timeLeft(now: number, doneBytes: number, totalBytes: number): string {
    const elapsed = (now - this.#startedMs) / 1000;
    if (elapsed < 1 || doneBytes === 0 || doneBytes >= totalBytes) return '';
    return `, ${Math.ceil((elapsed * (totalBytes - doneBytes)) / doneBytes)} s left`;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
