import { type ReadonlySignal, signal } from '@preact/signals';
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
    const before = this.#alerts.value.find(({ id }) => this.#subjects.get(id) === subject);
    const again = before?.text === text && before.level === level;
    const id = before?.id ?? this.#nextId++;
    const alert: Alert = { id, level, text, ...(again ? { count: (before.count ?? 1) + 1 } : {}) };
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
