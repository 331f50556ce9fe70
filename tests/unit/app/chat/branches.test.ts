import { expect, it } from 'vitest';
import { scriptedEngine, tokenizer } from '../../../support/scripted-engine.ts';
import { testChat } from './test-chat.ts';

const texts = (chat: ReturnType<typeof testChat>) => chat.messages.value.map(({ text }) => text);
const branches = (chat: ReturnType<typeof testChat>) => chat.messages.value.map(({ branch }) => branch);

it('answers once more beside the old answer, and shows either', async () => {
  const { engine, generator } = scriptedEngine('One.', 'Two.', 'Three.');
  const chat = testChat(engine);
  await chat.send('Count');
  await chat.regenerate(1);
  expect(texts(chat)).toEqual(['Count', 'Two.']);
  expect(branches(chat)).toEqual([undefined, { number: 2, count: 2 }]);
  // The same prompt: the old answer is no part of it.
  expect(generator.requests[1]!.promptIds).toEqual(generator.requests[0]!.promptIds);
  chat.showBranch(2, -1);
  expect(texts(chat)).toEqual(['Count', 'One.']);
  chat.showBranch(1, -1);
  expect(texts(chat)).toEqual(['Count', 'One.']);
  await chat.send('And then?');
  expect(tokenizer.decode(generator.requests[2]!.promptIds)).toContain('One.');
  expect(tokenizer.decode(generator.requests[2]!.promptIds)).not.toContain('Two.');
  expect(texts(chat)).toEqual(['Count', 'One.', 'And then?', 'Three.']);
});

it('asks a question otherwise, and keeps what came of the old one', async () => {
  const { engine, generator } = scriptedEngine('Red.', 'Blue.', 'Green.');
  const chat = testChat(engine);
  await chat.send('Colour?');
  await chat.send('Another?');
  await chat.edit(0, 'A colour, please?');
  expect(texts(chat)).toEqual(['A colour, please?', 'Green.']);
  expect(tokenizer.decode(generator.requests[2]!.promptIds)).not.toContain('Another');
  chat.showBranch(4, -1);
  expect(texts(chat)).toEqual(['Colour?', 'Red.', 'Another?', 'Blue.']);
  // A question that is too long leaves everything as it was.
  expect(await chat.edit(0, 'word '.repeat(300))).toBe(false);
  expect(texts(chat)).toEqual(['Colour?', 'Red.', 'Another?', 'Blue.']);
});

it('goes on after the limit with as much again', async () => {
  const { engine } = scriptedEngine(`${'one two three '.repeat(12)}`, 'and on.');
  const chat = testChat(engine);
  await chat.send('Count');
  const begun = texts(chat)[1]!;
  expect(chat.messages.value[1]).toMatchObject({ state: 'done', continuable: true });
  await chat.continueAnswer();
  expect(texts(chat)[1]!.startsWith(begun)).toBe(true);
  expect(texts(chat)[1]!.length).toBeGreaterThan(begun.length);
});

it('goes on with the text where the tokens have gone with an earlier page', async () => {
  const { engine, generator } = scriptedEngine('One, two', ', three.');
  const first = testChat(engine);
  generator.onStep = (step) => {
    if (step === 2 && generator.requests.length === 1) first.stop();
  };
  await first.send('Count');
  const begun = texts(first)[1]!;
  const later = testChat(engine);
  await later.restore({ ...first.content(), running: undefined });
  await later.continueAnswer();
  expect(texts(later)).toEqual(['Count', `${begun}, three.`]);
  expect(tokenizer.decode(generator.requests[1]!.promptIds).endsWith(begun)).toBe(true);
});

it('restores its branches, options and title', async () => {
  const { engine } = scriptedEngine('One.', 'Two.');
  const chat = testChat(engine);
  await chat.send('Count');
  await chat.regenerate(1);
  chat.givenTitle.value = 'Numbers';
  chat.options.value = { ...chat.options.value, minP: 0.1 };
  const later = testChat(engine);
  await later.restore(chat.content());
  expect(later.messages.value).toEqual(chat.messages.value);
  expect([later.title.value, later.options.value.minP]).toEqual(['Numbers', 0.1]);
});
