import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Transport } from '../../net/transport.ts';
import type { RoomDoor } from '../app-model.ts';
import type { Chat } from '../chat/chat.ts';
import type { RoomGuest } from './room-guest.ts';
import type { RoomHost } from './room-host.ts';

export interface RoomsOptions {
  readonly transport: () => Promise<Transport>;
  /** The conversation that is shown. */
  readonly chat: () => Chat;
  /** What others call this tab. */
  readonly name: () => string;
  /** Whether the swarm hears of a tab. */
  readonly isThere: (peerId: string) => boolean;
  /** Others are to hear of a room, or that it is closed. */
  readonly onChange: () => void;
}

/** The conversation of this tab that is open to all, and the one of another tab that is shown in place of its own. */
export class Rooms implements RoomDoor {
  readonly hosted: Signal<string | undefined> = signal(undefined);
  readonly followers: ReadonlySignal<number>;
  readonly followed: Signal<RoomGuest | undefined> = signal(undefined);
  readonly #options: RoomsOptions;
  readonly #host: Signal<RoomHost | undefined> = signal(undefined);
  /** Of the last room that was looked for: one that was left meanwhile is not shown. */
  #wanted = 0;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.followers = computed(() => this.#host.value?.followers.value ?? 0);
  }

  async open(): Promise<void> {
    const { transport, chat, name, onChange } = this.#options;
    const asked = chat();
    const [{ RoomHost: Host }, opened] = await Promise.all([import('./room-host.ts'), transport()]);
    // Nobody has agreed to open another.
    if (chat() !== asked) return;
    this.close();
    this.#host.value = new Host({ transport: opened, chat: asked, name });
    this.hosted.value = asked.id;
    onChange();
  }

  close(): void {
    if (!this.#host.value) return;
    this.#host.value.close();
    this.#host.value = undefined;
    this.hosted.value = undefined;
    this.#options.onChange();
  }

  async follow(peerId: string): Promise<void> {
    const { transport, name, isThere } = this.#options;
    const wanted = ++this.#wanted;
    const [{ RoomGuest: Guest }, opened] = await Promise.all([import('./room-guest.ts'), transport()]);
    if (wanted !== this.#wanted) return;
    this.leave();
    this.followed.value = new Guest({ transport: opened, peerId, name, ownerIsThere: () => isThere(peerId) });
  }

  leave(): void {
    this.#wanted++;
    this.followed.value?.close();
    this.followed.value = undefined;
  }
}
