import { type ReadonlySignal, signal } from '@preact/signals';
import type { Alert } from '../app-model.ts';

/** What the page asks the person to know or to do; each text once. */
export class AlertList {
  readonly #alerts = signal<readonly Alert[]>([]);
  #nextId = 0;

  get alerts(): ReadonlySignal<readonly Alert[]> {
    return this.#alerts;
  }

  add(level: Alert['level'], text: string): void {
    if (this.#alerts.value.some((alert) => alert.text === text)) return;
    this.#alerts.value = [...this.#alerts.value, { id: this.#nextId++, level, text }];
  }

  dismiss(id: number): void {
    this.#alerts.value = this.#alerts.value.filter((alert) => alert.id !== id);
  }
}
