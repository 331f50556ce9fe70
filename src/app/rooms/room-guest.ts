import { type Signal, signal } from '@preact/signals';
import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Transport } from '../../net/transport.ts';
import type { ChatMessage, FollowedRoom } from '../app-model.ts';
import {
  encodeRoom,
  fitting,
  MAX_QUESTION_CHARS,
  parseRoomResponse,
  ROOM_PROTOCOL,
  type RoomMessage,
  type RoomRequest,
} from './room-wire.ts';

/** How often a room is read that answers, and one that rests. */
const BUSY_MS = 300;
const REST_MS = 1200;
/** And the longest rest of one that is out of reach: each look at it may be a dial. */
const MAX_REST_MS = 20_000;
/** Readings in a row that fail until the room counts as out of reach; it is looked for until its owner has gone. */
const MAX_MISSED = 3;
const READ_TIMEOUT_MS = 8000;
/** An owner who is out of reach so long, and of whom nobody hears, has gone; a reloaded tab may be another. */
const GONE_MS = 30_000;

export interface RoomGuestOptions {
  readonly transport: Transport;
  /** Whose room it is. */
  readonly peerId: string;
  /** What others call this tab. */
  readonly name: () => string;
  /** Whether the swarm still hears of the owner. */
  readonly ownerIsThere: () => boolean;
}

/** Another tab's conversation, as this one reads it. */
export class RoomGuest implements FollowedRoom {
  readonly peerId: string;
  readonly title: Signal<string> = signal('');
  readonly messages: Signal<readonly ChatMessage[]> = signal([]);
  readonly busy: Signal<boolean> = signal(false);
  readonly state: Signal<'opening' | 'open' | 'out-of-reach' | 'closed' | 'gone'> = signal('opening');
  readonly #options: RoomGuestOptions;
  readonly #messages = new Map<number, ChatMessage>();
  readonly #end = new AbortController();
  #room: string | undefined;
  #version = 0;
  #wake = new AbortController();

  constructor(options: RoomGuestOptions) {
    this.#options = options;
    this.peerId = options.peerId;
    void this.#follow();
  }

  /** @throws ShoalError `limit-exceeded`, `busy`, `peer-unreachable`, `peer-gone` */
  async ask(text: string): Promise<void> {
    if (text.length > MAX_QUESTION_CHARS)
      throw new ShoalError('limit-exceeded', `In a room a question has at most ${MAX_QUESTION_CHARS} characters.`);
    const response = await this.#request({ kind: 'ask', text, name: this.#options.name() });
    if ('closed' in response) throw new ShoalError('bad-request', 'This room has been closed.');
    this.busy.value = true;
    this.#wake.abort();
  }

  close(): void {
    this.#end.abort();
    this.#wake.abort();
  }

  async #follow(): Promise<void> {
    let missed = 0;
    let readAtMs = performance.now();
    while (!this.#end.signal.aborted) {
      try {
        const open = await this.#read();
        missed = 0;
        readAtMs = performance.now();
        this.state.value = open ? 'open' : 'closed';
        if (!open) return this.#endAnswers();
      } catch (thrown) {
        if (this.#end.signal.aborted) return;
        missed++;
        log.info('CHAT', `The room of ${this.peerId} was not read: ${ShoalError.from(thrown).message}`);
        if (missed >= MAX_MISSED) {
          this.state.value = 'out-of-reach';
          this.#endAnswers();
        }
        if (performance.now() - readAtMs > GONE_MS && !this.#options.ownerIsThere()) {
          this.state.value = 'gone';
          return;
        }
      }
      this.#wake = new AbortController();
      const restMs = this.busy.value ? BUSY_MS : Math.min(MAX_REST_MS, REST_MS * 2 ** Math.max(0, missed - MAX_MISSED));
      const rest = new Promise((resolve) => setTimeout(resolve, restMs));
      await abortable(rest, this.#wake.signal).catch(() => undefined);
    }
  }

  /** @returns whether the room is still open */
  async #read(): Promise<boolean> {
    const room = this.#room === undefined ? {} : { room: this.#room };
    const response = await this.#request({ kind: 'read', ...room, since: this.#version });
    if ('closed' in response) return false;
    if (!('state' in response)) throw new ShoalError('bad-request', 'It does not say what is in the room.');
    const { state } = response;
    if (state.room !== this.#room) this.#messages.clear();
    this.#room = state.room;
    this.#version = state.version;
    for (const message of state.changed) this.#messages.set(message.id, shown(message));
    this.title.value = state.title;
    const known = state.ids.flatMap((id) => this.#messages.get(id) ?? []);
    // No owner shows more, so that nothing here grows without end.
    const messages = known.slice(-fitting(known).length);
    this.#messages.clear();
    for (const message of messages) this.#messages.set(message.id, message);
    this.messages.value = messages;
    this.busy.value = state.busy;
    return true;
  }

  /** Nothing more comes of them for now. */
  #endAnswers(): void {
    this.busy.value = false;
    this.messages.value = this.messages.value.map((message) =>
      message.state === 'streaming' ? { ...message, state: 'stopped' } : message,
    );
  }

  async #request(request: RoomRequest): Promise<ReturnType<typeof parseRoomResponse>> {
    const { transport, peerId } = this.#options;
    const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
    return parseRoomResponse(await transport.request(peerId, ROOM_PROTOCOL, encodeRoom(request), { signal }));
  }
}

function shown({ error, note, ...message }: RoomMessage): ChatMessage {
  return { ...message, error, note };
}
