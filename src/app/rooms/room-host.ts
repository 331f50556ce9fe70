import { effect, type Signal, signal } from '@preact/signals';
import { toHex } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import type { Transport } from '../../net/transport.ts';
import type { ChatMessage, Speaker } from '../app-model.ts';
import type { Chat } from '../chat/chat.ts';
import {
  encodeRoom,
  fitting,
  parseRoomRequest,
  ROOM_PROTOCOL,
  type RoomMessage,
  type RoomRequest,
  type RoomResponse,
  type RoomState,
} from './room-wire.ts';

/** One who has not read for so long does not look in any more. */
const GONE_MS = 10_000;

export interface RoomHostOptions {
  readonly transport: Transport;
  readonly chat: Chat;
  /** What others call this tab. */
  readonly name: () => string;
}

/** A conversation of this tab as others see it: they read what has changed, and ask. */
export class RoomHost {
  /** Tabs that look in. */
  readonly followers: Signal<number> = signal(0);
  readonly #options: RoomHostOptions;
  readonly #room = toHex(crypto.getRandomValues(new Uint8Array(16)));
  /** By message, which is another object when it changes. */
  readonly #versions = new WeakMap<ChatMessage, number>();
  readonly #readAtMs = new Map<string, number>();
  #version = 0;
  #closed = false;
  readonly #cleanups: (() => void)[];

  constructor(options: RoomHostOptions) {
    this.#options = options;
    const { chat, transport } = options;
    transport.handleRequests(ROOM_PROTOCOL, async (from, bytes) => encodeRoom(await this.#answer(from, bytes)));
    const sweep = setInterval(() => this.#countFollowers(), GONE_MS / 4);
    this.#cleanups = [
      () => clearInterval(sweep),
      effect(() => {
        void [chat.busy.value, chat.title.value];
        this.#version++;
        for (const message of chat.messages.value)
          if (!this.#versions.has(message)) this.#versions.set(message, this.#version);
      }),
    ];
  }

  /** Those who look in are told so, by what goes on answering them. */
  close(): void {
    this.#closed = true;
    this.followers.value = 0;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  async #answer(from: string, bytes: Uint8Array): Promise<RoomResponse> {
    try {
      if (this.#closed) return { closed: true };
      const request = parseRoomRequest(bytes);
      this.#readAtMs.set(from, performance.now());
      this.#countFollowers();
      if (request.kind === 'read') return { state: this.#state(request) };
      this.#ask(from, request);
      return { asked: true };
    } catch (thrown) {
      const { code, message } = ShoalError.from(thrown);
      return { error: { code, message } };
    }
  }

  #state({ room, since }: Extract<RoomRequest, { kind: 'read' }>): RoomState {
    const { chat } = this.#options;
    const from = room === this.#room ? since : 0;
    const messages = chat.messages.value;
    const shown = new Set(fitting(messages.map((message) => this.#shown(message))).map(({ id }) => id));
    const changed = messages.filter(({ id }) => shown.has(id)).filter((each) => this.#versions.get(each)! > from);
    return {
      ...{ room: this.#room, version: this.#version, title: chat.title.value, busy: chat.busy.value },
      ids: [...shown],
      changed: changed.map((message) => this.#shown(message)),
    };
  }

  #shown({ id, role, text, state, error, note, by }: ChatMessage): RoomMessage {
    const own = { peerId: this.#options.transport.peerId, name: this.#options.name() };
    return {
      ...{ id, role, text, state },
      ...(error === undefined ? {} : { error }),
      ...(note === undefined ? {} : { note }),
      ...(role === 'user' ? { by: by ?? own } : {}),
    };
  }

  /** @throws ShoalError `busy` while it answers */
  #ask(peerId: string, { text, name }: Extract<RoomRequest, { kind: 'ask' }>): void {
    const { chat } = this.#options;
    if (chat.busy.value)
      throw new ShoalError('busy', 'This room is answering another question. Ask again when it is done.');
    const by: Speaker = { peerId, name };
    void chat.send(text, by);
  }

  #countFollowers(): void {
    const nowMs = performance.now();
    for (const [peerId, atMs] of this.#readAtMs) if (nowMs - atMs > GONE_MS) this.#readAtMs.delete(peerId);
    this.followers.value = this.#readAtMs.size;
  }
}
