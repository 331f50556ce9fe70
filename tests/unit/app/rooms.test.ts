import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatMessage, Speaker } from '../../../src/app/app-model.ts';
import type { Chat } from '../../../src/app/chat/chat.ts';
import { RoomGuest } from '../../../src/app/rooms/room-guest.ts';
import { RoomHost } from '../../../src/app/rooms/room-host.ts';
import { encodeRoom, ROOM_PROTOCOL } from '../../../src/app/rooms/room-wire.ts';
import { Rooms } from '../../../src/app/rooms/rooms.ts';
import { MemoryNetwork } from '../../../src/net/memory/memory-transport.ts';
import type { Transport } from '../../../src/net/transport.ts';

const message = (id: number, role: ChatMessage['role'], text: string): ChatMessage => ({
  ...{ id, role, text, state: 'done', error: undefined, note: undefined },
});

let chat: { messages: ReturnType<typeof signal<readonly ChatMessage[]>>; busy: ReturnType<typeof signal<boolean>> };
let fits: boolean;
/** Whether the swarm hears of the owner. */
let there: boolean;
let sent: { text: string; by: Speaker | undefined }[];
let owner: Transport;
let other: Transport;
let network: MemoryNetwork;
let host: RoomHost;
let guest: RoomGuest | undefined;

beforeEach(() => {
  network = new MemoryNetwork();
  owner = network.createTransport();
  other = network.createTransport();
  sent = [];
  fits = true;
  there = true;
  chat = { messages: signal<readonly ChatMessage[]>([]), busy: signal(false) };
  const send = async (text: string, by?: Speaker) => {
    sent.push({ text, by });
    chat.busy.value = true;
  };
  const opened = { ...chat, title: signal('A title'), send, fits: async () => fits } as unknown as Chat;
  host = new RoomHost({ transport: owner, chat: opened, name: () => 'Anna' });
});

afterEach(() => {
  guest?.close();
  guest = undefined;
  host.close();
});

const follow = () => {
  const ownerIsThere = () => there;
  guest = new RoomGuest({ transport: other, peerId: owner.peerId, name: () => 'Bert', ownerIsThere });
  return guest;
};
const raw = async (request: unknown, from = other) => {
  const bytes = new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request));
  return JSON.parse(new TextDecoder().decode(await from.request(owner.peerId, ROOM_PROTOCOL, bytes)));
};
/** The other tab answers whatever it is asked. */
const answers = (response: unknown) =>
  owner.handleRequests(ROOM_PROTOCOL, async () => new TextEncoder().encode(JSON.stringify(response)));

describe('the owner of a room', () => {
  it('tells what has changed, and no more', async () => {
    const [first, second] = [message(0, 'user', 'Hello'), message(1, 'assistant', 'Hi')];
    chat.messages.value = [first, second];
    const { state } = await raw({ kind: 'read', since: 0 });
    expect(state.changed.map(({ id }: ChatMessage) => id)).toEqual([0, 1]);
    expect(state.changed[0].by).toEqual({ peerId: owner.peerId, name: 'Anna' });
    const read = { kind: 'read', room: state.room, since: state.version };
    expect((await raw(read)).state.changed).toEqual([]);
    chat.messages.value = [first, { ...second, text: 'Hi there' }];
    const later = (await raw(read)).state;
    expect(later.changed.map(({ text }: ChatMessage) => text)).toEqual(['Hi there']);
    expect(later.ids).toEqual([0, 1]);
    // Of another room nothing is known yet.
    expect((await raw({ ...read, room: 'ab'.repeat(16) })).state.changed).toHaveLength(2);
  });

  it('shows of a long conversation the newest messages, within what one answer holds', async () => {
    chat.messages.value = Array.from({ length: 600 }, (_, id) => message(id, 'assistant', 'word '.repeat(200)));
    const { state } = await raw({ kind: 'read', since: 0 });
    expect(state.ids.at(-1)).toBe(599);
    expect(state.ids.length).toBeGreaterThan(10);
    expect(JSON.stringify(state).length).toBeLessThan(200_000);
  });

  it('takes a question from another tab in its name, one at a time', async () => {
    expect(await raw({ kind: 'ask', text: '  Why? ', name: 'Bert' })).toEqual({ asked: true });
    expect(sent).toEqual([{ text: 'Why?', by: { peerId: other.peerId, name: 'Bert' } }]);
    chat.busy.value = true;
    expect(await raw({ kind: 'ask', text: 'And?', name: 'Bert' })).toMatchObject({ error: { code: 'busy' } });
    expect(sent).toHaveLength(1);
  });

  it('tells anew of a message that comes back with its branch', async () => {
    const [first, old, other] = [
      message(0, 'user', 'Hello'),
      message(1, 'assistant', 'Hi'),
      message(2, 'assistant', 'Ho'),
    ];
    chat.messages.value = [first, old];
    chat.messages.value = [first, other];
    const { state } = await raw({ kind: 'read', since: 0 });
    expect(state.ids).toEqual([0, 2]);
    chat.messages.value = [first, old];
    const back = await raw({ kind: 'read', room: state.room, since: state.version });
    expect(back.state.changed.map(({ id }: ChatMessage) => id)).toEqual([1]);
  });

  it.each<[string, Partial<ChatMessage>]>([
    ['a text', { text: 'x'.repeat(500_000) }],
    ['controls', { text: '\u0001'.repeat(30_000) }],
    ['a note', { note: 'x'.repeat(500_000) }],
    ['an error', { error: 'x'.repeat(500_000) }],
  ])('shows the beginning of %s that is too long for one answer', async (_, change) => {
    chat.messages.value = Array.from({ length: 40 }, (_, id) => ({ ...message(id, 'assistant', 'Hello'), ...change }));
    const room = follow();
    await vi.waitFor(() => expect(room.messages.value.length).toBeGreaterThan(0));
    expect(room.messages.value.at(-1)!.id).toBe(39);
    expect(room.messages.value.at(-1)!.text.slice(0, 5)).toBe((change.text ?? 'Hello').slice(0, 5));
  });

  it('says that a question is too long for the model', async () => {
    fits = false;
    expect(await raw({ kind: 'ask', text: 'Why?', name: '' })).toMatchObject({ error: { code: 'context-full' } });
    expect(sent).toEqual([]);
    fits = true;
    expect(await raw({ kind: 'ask', text: 'Why?', name: '' })).toEqual({ asked: true });
  });

  it('takes one of the questions that come at once, and leaves others time before the same asks again', async () => {
    const third = network.createTransport();
    const question = { kind: 'ask', text: 'Why?', name: '' };
    const said = await Promise.all([raw(question), raw(question, third), raw(question)]);
    expect(said.filter(({ asked }) => asked)).toHaveLength(1);
    expect(said.filter(({ error }) => error?.code === 'busy')).toHaveLength(2);
    chat.busy.value = false;
    expect(await raw(question)).toMatchObject({ error: { code: 'busy' } });
    expect(await raw(question, third)).toEqual({ asked: true });
  });

  it('is read by 64 tabs at most', async () => {
    const read = { kind: 'read', since: 0 };
    for (let count = 0; count < 64; count++) await raw(read, network.createTransport());
    expect(await raw(read)).toMatchObject({ error: { code: 'limit-exceeded' } });
    expect(host.followers.value).toBe(64);
  });

  it.each<[string, unknown]>([
    ['no JSON', '{"kind":'],
    ['another kind', { kind: 'delete', id: 1 }],
    ['a question of 8,001 characters', { kind: 'ask', text: 'x'.repeat(8001), name: '' }],
    ['an empty question', { kind: 'ask', text: '   ', name: '' }],
    ['a version that is none', { kind: 'read', since: -1 }],
  ])('refuses %s', async (_, request) => {
    expect(await raw(request)).toMatchObject({ error: { code: 'bad-request' } });
    expect(sent).toEqual([]);
  });

  it('says so when the room is closed', async () => {
    host.close();
    expect(await raw({ kind: 'read', since: 0 })).toEqual({ closed: true });
    expect(await raw({ kind: 'ask', text: 'Why?', name: '' })).toEqual({ closed: true });
    expect(sent).toEqual([]);
  });
});

describe('a tab that looks in', () => {
  it('has the messages as they are, and asks', async () => {
    chat.messages.value = [message(0, 'user', 'Hello')];
    const room = follow();
    await vi.waitFor(() => expect(room.messages.value.map(({ text }) => text)).toEqual(['Hello']));
    expect([room.state.value, room.title.value, host.followers.value]).toEqual(['open', 'A title', 1]);
    await room.ask('Why?');
    expect(sent).toMatchObject([{ text: 'Why?', by: { name: 'Bert' } }]);
    await expect(room.ask('x'.repeat(8001))).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('hears that the room is closed, and keeps what was said', async () => {
    chat.messages.value = [message(0, 'user', 'Hello')];
    const room = follow();
    await vi.waitFor(() => expect(room.state.value).toBe('open'));
    host.close();
    await vi.waitFor(() => expect(room.state.value).toBe('closed'), 5000);
    expect(room.messages.value).toHaveLength(1);
    await expect(room.ask('Why?')).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('shows an answer as ended that the owner closes the room in', async () => {
    chat.messages.value = [{ ...message(0, 'assistant', 'Hel'), state: 'streaming' }];
    chat.busy.value = true;
    const room = follow();
    await vi.waitFor(() => expect(room.busy.value).toBe(true));
    host.close();
    await vi.waitFor(() => expect(room.state.value).toBe('closed'), 5000);
    expect([room.busy.value, room.messages.value[0]!.state]).toEqual([false, 'stopped']);
  });

  it('keeps nothing of messages that the owner does not count', async () => {
    const state = { room: 'ab'.repeat(16), version: 1, title: '', busy: true };
    const told = (id: number) => ({ id, role: 'user', text: `Question ${id}`, state: 'done' });
    answers({ state: { ...state, ids: [0], changed: [told(0), told(1)] } });
    const room = follow();
    await vi.waitFor(() => expect(room.messages.value).toHaveLength(1));
    answers({ state: { ...state, ids: [0, 1], changed: [], busy: false } });
    await vi.waitFor(() => expect(room.busy.value).toBe(false), 5000);
    expect(room.messages.value).toHaveLength(1);
  });

  it('shows no more of an owner who tells more than others do', async () => {
    const ids = Array.from({ length: 30 }, (_, id) => id);
    const state = { room: 'ab'.repeat(16), version: 1, title: '', busy: true, ids };
    const text = 'x'.repeat(6000);
    answers({ state: { ...state, changed: ids.map((id) => ({ id, role: 'user', text, state: 'done' })) } });
    const room = follow();
    await vi.waitFor(() => expect(room.messages.value.at(-1)?.id).toBe(29));
    expect(room.messages.value.length).toBeLessThan(10);
  });

  it.each<[string, unknown]>([
    ['messages of a role that is none', { role: 'system' }],
    ['a text of a megabyte', { text: 'x'.repeat(1 << 20) }],
    ['an asker that is no peer', { by: { peerId: '\u202eb', name: '' } }],
  ])('shows nothing of an owner who tells %s', async (_, change) => {
    const state = { room: 'ab'.repeat(16), version: 1, title: '', busy: false, ids: [0] };
    const told = { id: 0, role: 'user', text: 'Hello', state: 'done' };
    answers({ state: { ...state, changed: [{ ...told, ...(change as object) }] } });
    const room = follow();
    await vi.waitFor(() => expect(room.state.value).toBe('out-of-reach'), 10_000);
    expect(room.messages.value).toEqual([]);
    answers({ state: { ...state, changed: [told] } });
    await vi.waitFor(() => expect(room.messages.value).toHaveLength(1), 10_000);
  });
});

it('says nothing of an owner who counts a message twice', async () => {
  const state = { room: 'ab'.repeat(16), version: 1, title: '', busy: false, ids: [0, 0] };
  answers({ state: { ...state, changed: [{ id: 0, role: 'user', text: 'Hello', state: 'done' }] } });
  const room = follow();
  await vi.waitFor(() => expect(room.state.value).toBe('out-of-reach'), 10_000);
  expect(room.messages.value).toEqual([]);
});

it('ends with its owner, of whom nobody hears any more', async () => {
  vi.useFakeTimers();
  try {
    const room = follow();
    await vi.advanceTimersByTimeAsync(2000);
    expect(room.state.value).toBe('open');
    await owner.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(room.state.value).toBe('out-of-reach');
    there = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(room.state.value).toBe('gone');
  } finally {
    vi.useRealTimers();
  }
});

describe('the door of rooms', () => {
  const door = (chats: () => Chat) =>
    new Rooms({
      transport: async () => other,
      chat: chats,
      name: () => '',
      isThere: () => true,
      onChange: () => undefined,
    });
  const another = (id: string) =>
    ({ id, messages: signal([]), busy: signal(false), title: signal('') }) as unknown as Chat;

  it('opens no conversation but the one that was shown', async () => {
    let shown = another('a');
    const rooms = door(() => shown);
    const opening = rooms.open();
    shown = another('b');
    await opening;
    expect(rooms.hosted.value).toBeUndefined();
    await rooms.open();
    expect(rooms.hosted.value).toBe('b');
    rooms.close();
  });

  it('shows no room that was left before it came', async () => {
    const rooms = door(() => another('a'));
    const following = rooms.follow(owner.peerId);
    rooms.leave();
    await following;
    expect(rooms.followed.value).toBeUndefined();
  });
});

it('what a tab says in a room is JSON', () => {
  expect(new TextDecoder().decode(encodeRoom({ asked: true }))).toBe('{"asked":true}');
});
