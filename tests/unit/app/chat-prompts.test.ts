import { signal } from '@preact/signals';
import { beforeEach, expect, it } from 'vitest';
import { Chat } from '../../../src/app/chat.ts';
import type { GenerationSummary } from '../../../src/swarm/coordinator/generation.ts';
import { CONTEXT_LENGTH, type ScriptedEngine, scriptedEngine, tokenizer, user } from '../../support/scripted-engine.ts';

const settings = { maxTokens: 20, systemPrompt: '' };
/** About 60 tokens each: three and the template's own fill the context. */
const long = (name: string) => `${name}: ${'word '.repeat(53)}`;

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
let chat: Chat;
beforeEach(() => {
  ({ engine, generator } = scriptedEngine('Yes.'));
  const summary = signal<GenerationSummary | undefined>(undefined);
  chat = new Chat({
    engine: () => engine,
    contextLength: () => CONTEXT_LENGTH,
    summary,
    untilReady: async () => {},
  });
});
const lastPrompt = () => tokenizer.decode(generator.requests.at(-1)!.promptIds);

it('keeps a prompt that is too long out of the conversation', async () => {
  expect(await chat.send('Hi', settings)).toBe(true);
  expect(await chat.send('word '.repeat(300), settings)).toBe(false);
  expect(chat.messages.value.map(({ text }) => text)).toEqual(['Hi', 'Yes.']);
  expect(await chat.send('Still there?', settings)).toBe(true);
  expect(chat.messages.value).toHaveLength(4);
});

it('counts the prompt with all that was said', async () => {
  await chat.send(long('first'), settings);
  const { tokens, exact } = await chat.promptSize('And now?', settings);
  await chat.send('And now?', settings);
  expect({ tokens, exact }).toEqual({ tokens: generator.requests.at(-1)!.promptIds.length, exact: true });
  expect(await chat.promptSize('好'.repeat(100_000), settings)).toMatchObject({ exact: false });
});

it('leaves the oldest turns out of this prompt and the next, and shows them still', async () => {
  await chat.send(long('first'), settings);
  await chat.send(long('second'), settings);
  expect(await chat.send(long('third'), settings)).toBe(false);
  await chat.leaveOutOldest(long('third'), settings);
  expect(await chat.send(long('third'), settings)).toBe(true);
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
  expect(chat.snapshot().messages.map(({ leftOut }) => leftOut ?? false)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('leaves all out where nothing else would do', async () => {
  await chat.send('Hi', settings);
  await chat.leaveOutOldest('word '.repeat(300), settings);
  expect(chat.messages.value.every(({ leftOut }) => leftOut)).toBe(true);
});

/** A program at the console reads twice and leaves. */
async function leaveStream(): Promise<void> {
  const chunks = await engine.chat.completions.create({ messages: user('Hi'), stream: true });
  const reader = chunks[Symbol.asyncIterator]();
  await reader.next();
  await reader.next();
}

it('can be stopped, and begun anew, behind a program’s answer whose reader has gone', async () => {
  await leaveStream();
  const sent = chat.send('Hi', settings);
  await Promise.resolve();
  chat.stop();
  await sent;
  expect(chat.messages.value.at(-1)).toMatchObject({ state: 'stopped' });
  await chat.send('Hi again', settings);
  expect(chat.messages.value.at(-1)).toMatchObject({ text: 'Yes.', state: 'done' });

  await leaveStream();
  chat.clear();
  await chat.send('Hi', settings);
  expect(chat.messages.value.map(({ text }) => text)).toEqual(['Hi', 'Yes.']);
});
