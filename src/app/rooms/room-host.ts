import { effect, type Signal, signal } from '@preact/signals';
import { randomId } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import type { Transport } from '../../net/transport.ts';
import type { ChatMessage, Speaker } from '../app-model.ts';
import type { Chat } from '../chat/chat.ts';
import { MAX_TITLE_CHARS } from '../chat/chat-record.ts';
import {
  clipped,
  encodeRoom,
  fitting,
  MAX_MESSAGES,
  parseRoomRequest,
  ROOM_PROTOCOL,
  type RoomMessage,
  type RoomRequest,
  type RoomResponse,
  type RoomState,
  refusal,
} from './room-wire.ts';

/** One who has not read for so long does not look in any more. */
const GONE_MS = 10_000;
/** Tabs that look in: this one sends each of them every answer, three times a second. */
const MAX_FOLLOWERS = 64;
/** One who has asked leaves others so much time after the answer. */
const TURN_MS = 1500;

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
  readonly #room = randomId();
  /** What others see, by message, which is another object when it changes. One that is back is new. */
  #drawn: ReadonlyMap<ChatMessage, { readonly version: number; readonly message: RoomMessage }> = new Map();
  readonly #readAtMs = new Map<string, number>();
  #version = 0;
  #closed = false;
  /** A question is looked at. */
  #weighing = false;
  #lastTurn = { peerId: '', endedAtMs: 0 };
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
        this.#draw(chat.messages.value);
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
      this.#admit(from);
      return request.kind === 'read' ? { state: this.#state(request) } : await this.#ask(from, request);
    } catch (thrown) {
      return refusal(ShoalError.from(thrown));
    }
  }

  /** @throws ShoalError `limit-exceeded` */
  #admit(peerId: string): void {
    this.#countFollowers();
    if (!this.#readAtMs.has(peerId) && this.#readAtMs.size >= MAX_FOLLOWERS)
      throw new ShoalError('limit-exceeded', `${MAX_FOLLOWERS} tabs look into this room; it takes no more.`);
    this.#readAtMs.set(peerId, performance.now());
    this.followers.value = this.#readAtMs.size;
  }

  #draw(messages: readonly ChatMessage[]): void {
    const version = ++this.#version;
    const newest = messages.slice(-MAX_MESSAGES);
    const drawn = newest.map((each) => this.#drawn.get(each) ?? { version, message: this.#shown(each) });
    const from = drawn.length - fitting(drawn.map(({ message }) => message)).length;
    this.#drawn = new Map(newest.slice(from).map((each, index) => [each, drawn[from + index]!]));
  }

  #state({ room, since }: Extract<RoomRequest, { kind: 'read' }>): RoomState {
    const { chat } = this.#options;
    const from = room === this.#room ? since : 0;
    const drawn = [...this.#drawn.values()];
    return {
      ...{
        room: this.#room,
        version: this.#version,
        title: chat.title.value.slice(0, MAX_TITLE_CHARS),
        busy: chat.busy.value,
      },
      ids: drawn.map(({ message }) => message.id),
      changed: drawn.filter(({ version }) => version > from).map(({ message }) => message),
    };
  }

  #shown({ id, role, text, state, error, note, by }: ChatMessage): RoomMessage {
    const own = { peerId: this.#options.transport.peerId, name: this.#options.name() };
    return clipped({
      ...{ id, role, text, state },
      ...(error === undefined ? {} : { error }),
      ...(note === undefined ? {} : { note }),
      ...(role === 'user' ? { by: by ?? own } : {}),
    });
  }

  /** @throws ShoalError `busy` while it answers, or is another's turn; `context-full` */
  async #ask(peerId: string, { text, name }: Extract<RoomRequest, { kind: 'ask' }>): Promise<RoomResponse> {
    const { chat } = this.#options;
    this.#requireTurn(peerId);
    this.#weighing = true;
    // A conversation takes back what is too long for it, and whoever asked would not hear of that.
    const fits = await chat.fits(text).finally(() => (this.#weighing = false));
    if (this.#closed) return { closed: true };
    if (!fits) throw new ShoalError('context-full', 'The question is too long for what this room has room for.');
    this.#requireTurn(peerId);
    const by: Speaker = { peerId, name };
    void chat.send(text, by).finally(() => (this.#lastTurn = { peerId, endedAtMs: performance.now() }));
    return { asked: true };
  }

  /** @throws ShoalError `busy` */
  #requireTurn(peerId: string): void {
    const again = peerId === this.#lastTurn.peerId && performance.now() - this.#lastTurn.endedAtMs < TURN_MS;
    if (this.#options.chat.busy.value || this.#weighing || again)
      throw new ShoalError(
        'busy',
        'This room answers another question, or leaves time for one. Ask again when it is done.',
      );
  }

  #countFollowers(): void {
    const nowMs = performance.now();
    for (const [peerId, atMs] of this.#readAtMs) if (nowMs - atMs > GONE_MS) this.#readAtMs.delete(peerId);
    this.followers.value = this.#readAtMs.size;
  }
}
