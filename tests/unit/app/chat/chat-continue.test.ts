import { beforeEach, expect, it } from 'vitest';
import type { Chat } from '../../../../src/app/chat/chat.ts';
import { ShoalError } from '../../../../src/core/errors.ts';
import { type ScriptedEngine, scriptedEngine } from '../../../support/scripted-engine.ts';
import { testChat } from './test-chat.ts';

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
let chat: Chat;
beforeEach(() => {
  ({ engine, generator } = scriptedEngine('One, two, three, four', ' and on.'));
  chat = testChat(engine);
});

const last = () => chat.messages.value.at(-1)!;

/** Has the first answer end after so many tokens. */
function endAfter(tokens: number, end: () => void): void {
  generator.onStep = (step) => {
    if (generator.requests.length === 1 && step === tokens) end();
  };
}

it('goes on from the tokens that are there, after an error', async () => {
  endAfter(4, () => {
    throw new ShoalError('shard-missing', 'Nobody serves shard 1.');
  });
  await chat.send('Count');
  const begun = last().text;
  expect(begun).toBe('One, two,');
  expect(last()).toMatchObject({ state: 'error', error: 'Nobody serves shard 1.', continuable: true });
  await chat.continueAnswer();
  expect(last()).toMatchObject({ text: `${begun} and on.`, state: 'done', error: undefined, continuable: false });
  const [first, second] = generator.requests;
  expect(second!.promptIds.length).toBe(first!.promptIds.length + 4);
  expect(chat.messages.value).toHaveLength(2);
});

it('goes on after a stop, and does nothing once something else was asked', async () => {
  endAfter(2, () => chat.stop());
  await chat.send('Count');
  expect(last()).toMatchObject({ state: 'stopped', continuable: true });
  await chat.continueAnswer();
  expect(last()).toMatchObject({ text: 'One, and on.', state: 'done' });
  await chat.continueAnswer();
  expect(generator.requests).toHaveLength(2);
});

it('begins again where nothing had come', async () => {
  endAfter(0, () => {
    throw new ShoalError('peer-gone', 'Gone.');
  });
  await chat.send('Count');
  expect(last()).toMatchObject({ text: '', state: 'error' });
  await chat.continueAnswer();
  expect(last()).toMatchObject({ text: ' and on.', state: 'done' });
});
