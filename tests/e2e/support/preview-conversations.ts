import { type Signal, signal } from '@preact/signals';
import type { ConversationList, ConversationRow } from '../../../src/app/app-model.ts';

/** A list of conversations that tests set, and whose changes they see. */
export class PreviewConversations implements ConversationList {
  readonly rows: Signal<readonly ConversationRow[]> = signal([]);
  readonly current = signal('now');
  readonly title = signal('');
  readonly removed: Signal<{ readonly id: string; readonly title: string } | undefined> = signal(undefined);
  readonly #ask: (what: string) => Promise<void>;
  #removedRow: ConversationRow | undefined;

  constructor(ask: (what: string) => Promise<void>) {
    this.#ask = ask;
  }

  load = async () => undefined;
  open = (id: string) => this.#ask(`open ${id}`);

  async rename(id: string, title: string): Promise<void> {
    await this.#ask(`rename ${id} ${title}`);
    this.#change(id, { title });
  }

  async pin(id: string, pinned: boolean): Promise<void> {
    await this.#ask(`pin ${id} ${pinned}`);
    this.#change(id, { pinned });
  }

  async remove(id: string): Promise<void> {
    await this.#ask(`remove ${id}`);
    this.#removedRow = this.rows.value.find((row) => row.id === id);
    this.removed.value = { id, title: this.#removedRow?.title ?? '' };
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
  }

  async undoRemove(): Promise<void> {
    await this.#ask('undoRemove');
    this.removed.value = undefined;
    if (this.#removedRow) this.rows.value = [this.#removedRow, ...this.rows.value];
  }

  async markdown(id: string): Promise<File> {
    await this.#ask(`markdown ${id}`);
    return new File(['# Tides'], 'Tides.md', { type: 'text/markdown' });
  }

  async json(id?: string): Promise<File> {
    await this.#ask(`json ${id ?? 'all'}`);
    return new File(['{}'], 'Tides.json', { type: 'application/json' });
  }

  takeFile = (file: File) => this.#ask(`takeFile ${file.name}`);

  #change(id: string, change: Partial<ConversationRow>): void {
    this.rows.value = this.rows.value.map((row) => (row.id === id ? { ...row, ...change } : row));
  }
}
