import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatMessage, Speaker } from '../../../src/app/app-model.ts';
import type { Chat } from '../../../src/app/chat/chat.ts';
import { RoomGuest } from '../../../src/app/rooms/room-guest.ts';
import { RoomHost } from '../../../src/app/rooms/room-host.ts';
import { encodeRoom, ROOM_PROTOCOL } from '../../../src/app/rooms/room-wire.ts';
import { MemoryNetwork } from '../../../src/net/memory/memory-transport.ts';
import type { Transport } from '../../../src/net/transport.ts';

const message = (id: number, role: ChatMessage['role'], text: string): ChatMessage => ({
  ...{ id, role, text, state: 'done', error: undefined, note: undefined },
});

let chat: { messages: ReturnType<typeof signal<readonly ChatMessage[]>>; busy: ReturnType<typeof signal<boolean>> };
let sent: { text: string; by: Speaker | undefined }[];
let owner: Transport;
let other: Transport;
let host: RoomHost;
let guest: RoomGuest | undefined;

beforeEach(() => {
  const network = new MemoryNetwork();
  owner = network.createTransport();
  other = network.createTransport();
  sent = [];
  chat = { messages: signal<readonly ChatMessage[]>([]), busy: signal(false) };
  const send = async (text: string, by?: Speaker) => sent.push({ text, by });
  const opened = { ...chat, title: signal('A title'), send } as unknown as Chat;
  host = new RoomHost({ transport: owner, chat: opened, name: () => 'Anna' });
});

afterEach(() => {
  guest?.close();
  guest = undefined;
  host.close();
});

const follow = () => {
  guest = new RoomGuest({ transport: other, peerId: owner.peerId, name: () => 'Bert' });
  return guest;
};
const raw = async (request: unknown) => {
  const bytes = new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request));
  return JSON.parse(new TextDecoder().decode(await other.request(owner.peerId, ROOM_PROTOCOL, bytes)));
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

  it.each<[string, unknown]>([
    ['messages of a role that is none', { role: 'system' }],
    ['a text of a megabyte', { text: 'x'.repeat(1 << 20) }],
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

it('what a tab says in a room is JSON', () => {
  expect(new TextDecoder().decode(encodeRoom({ asked: true }))).toBe('{"asked":true}');
});
