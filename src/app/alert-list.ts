import { type ReadonlySignal, signal } from '@preact/signals';
import type { ShoalError } from '../core/errors.ts';
import type { Alert } from './app-model.ts';

/** What the page asks the person to know or to do: one line for each matter, which counts how often it came. */
export class AlertList {
  readonly #alerts = signal<readonly Alert[]>([]);
  readonly #subjects = new Map<number, string>();
  #nextId = 0;

  get alerts(): ReadonlySignal<readonly Alert[]> {
    return this.#alerts;
  }

  /** @param subject - what it is about: news of it takes the place of what was said before; the text unless given */
  add(level: Alert['level'], text: string, subject = text): void {
    this.#put({ level, text }, subject);
  }

  /** @param about - what failed, to stand before the error's own text */
  addError({ code, message }: Pick<ShoalError, 'code' | 'message'>, subject?: string, about = ''): void {
    const text = `${about}${message}`;
    // One matter, whatever needed the code.
    if (code === 'page-incomplete') this.#put({ level: 'error', text: message, code }, code);
    else this.#put({ level: 'error', text, code }, subject ?? text);
  }

  #put(said: Pick<Alert, 'level' | 'text' | 'code'>, subject: string): void {
    const before = this.#alerts.value.find(({ id }) => this.#subjects.get(id) === subject);
    const again = before?.text === said.text && before.level === said.level;
    const id = before?.id ?? this.#nextId++;
    const alert: Alert = { id, ...said, ...(again ? { count: (before.count ?? 1) + 1 } : {}) };
    this.#subjects.set(id, subject);
    this.#alerts.value = before
      ? this.#alerts.value.map((other) => (other === before ? alert : other))
      : [...this.#alerts.value, alert];
  }

  dismiss(id: number): void {
    this.#subjects.delete(id);
    this.#alerts.value = this.#alerts.value.filter((alert) => alert.id !== id);
  }
}
