import { Emitter, type Unsubscribe } from '../core/events.ts';

/** Whether a download may fetch now, told to whoever deals its pieces out. */
export class FetchGate {
  readonly #events = new Emitter<{ turn: undefined }>();
  #open = true;

  get open(): boolean {
    return this.#open;
  }

  set open(open: boolean) {
    if (this.#open === open) return;
    this.#open = open;
    this.#events.emit('turn', undefined);
  }

  onTurn(listener: () => void): Unsubscribe {
    return this.#events.on('turn', listener);
  }
}
