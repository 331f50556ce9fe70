import { beforeEach, expect, it } from 'vitest';
import type { Chat } from '../../../../src/app/chat/chat.ts';
import { type ScriptedEngine, scriptedEngine, tokenizer, user } from '../../../support/scripted-engine.ts';
import { testChat } from './test-chat.ts';

/** About 60 tokens each: three and the template's own fill the context. */
const long = (name: string) => `${name}: ${'word '.repeat(53)}`;

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
let chat: Chat;
beforeEach(() => {
  ({ engine, generator } = scriptedEngine('Yes.'));
  chat = testChat(engine);
});
const lastPrompt = () => tokenizer.decode(generator.requests.at(-1)!.promptIds);

it('keeps a prompt that is too long out of the conversation', async () => {
  expect(await chat.send('Hi')).toBe(true);
  expect(await chat.send('word '.repeat(300))).toBe(false);
  expect(chat.messages.value.map(({ text }) => text)).toEqual(['Hi', 'Yes.']);
  expect(await chat.send('Still there?')).toBe(true);
  expect(chat.messages.value).toHaveLength(4);
});

it('counts the prompt with all that was said', async () => {
  await chat.send(long('first'));
  const { tokens, exact } = await chat.promptSize('And now?');
  await chat.send('And now?');
  expect({ tokens, exact }).toEqual({ tokens: generator.requests.at(-1)!.promptIds.length, exact: true });
  expect(await chat.promptSize('好'.repeat(100_000))).toMatchObject({ exact: false });
});

it('leaves the oldest turns out of this prompt and the next, and shows them still', async () => {
  await chat.send(long('first'));
  await chat.send(long('second'));
  expect(await chat.send(long('third'))).toBe(false);
  await chat.leaveOutOldest(long('third'));
  expect(await chat.send(long('third'))).toBe(true);
  expect(lastPrompt()).not.toContain('first');
  expect(lastPrompt()).toContain('second');
  expect(chat.messages.value.map(({ text, leftOut }) => [text.slice(0, 5), leftOut ?? false])).toEqual([
    ['first', true],
    ['Yes.', true],
    ['secon', false],
    ['Yes.', false],
    ['third', false],
    ['Yes.', false],
  ]);
  // A page that opens again leaves them out as well.
  expect(chat.content().tree.messages.map(({ leftOut }) => leftOut ?? false)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('leaves all out where nothing else would do', async () => {
  await chat.send('Hi');
  await chat.leaveOutOldest('word '.repeat(300));
  expect(chat.messages.value.every(({ leftOut }) => leftOut)).toBe(true);
});

/** A program at the console reads twice and leaves. */
async function leaveStream(): Promise<void> {
  const chunks = await engine.chat.completions.create({ messages: user('Hi'), stream: true });
  const reader = chunks[Symbol.asyncIterator]();
  await reader.next();
  await reader.next();
}

it('can be stopped behind a program’s answer whose reader has gone', async () => {
  await leaveStream();
  const sent = chat.send('Hi');
  await Promise.resolve();
  chat.stop();
  await sent;
  expect(chat.messages.value.at(-1)).toMatchObject({ state: 'stopped' });
  await chat.send('Hi again');
  expect(chat.messages.value.at(-1)).toMatchObject({ text: 'Yes.', state: 'done' });
});
