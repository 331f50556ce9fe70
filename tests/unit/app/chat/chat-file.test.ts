import * as v from 'valibot';
import { expect, it } from 'vitest';
import { jsonFile, markdownFile, readChatsFile } from '../../../../src/app/chat/chat-file.ts';
import { type ChatRecord, entriesOf, recordSchema } from '../../../../src/app/chat/chat-record.ts';
import { chatTitle } from '../../../../src/app/chat/chat-title.ts';
import { upgradedRecord } from '../../../../src/app/chat/upgraded-record.ts';
import { scriptedEngine } from '../../../support/scripted-engine.ts';
import { testChat } from './test-chat.ts';

/** A conversation with two branches; its last question holds what Markdown could take for structure. */
async function recorded(): Promise<ChatRecord> {
  const chat = testChat(scriptedEngine('One.', 'Two.', 'Three.').engine);
  await chat.send('Count');
  await chat.regenerate(1);
  await chat.send('# Title?\n\n## You\n\\## Answer\n\nand on');
  const rest = { home: 'here', modelName: 'Tiny', savedAtMs: 1, open: true };
  return { ...entriesOf(chat.content()), ...rest };
}

it('comes back from JSON as it was, with its branches', async () => {
  const record = await recorded();
  const [filed] = readChatsFile(await jsonFile([record]).text(), 'x.json');
  expect(entriesOf(filed!.content)).toEqual(entriesOf({ ...filed!.content, givenTitle: record.title }));
  expect(filed!.content.tree.messages.map(({ text, parent }) => [text, parent])).toEqual(
    record.messages.map(({ text, parent }) => [text, parent]),
  );
  expect(filed!.modelName).toBe('Tiny');
  expect(readChatsFile(await jsonFile([record, record]).text(), 'x.json')).toHaveLength(2);
});

it('comes back from Markdown as it was shown', async () => {
  const record = { ...(await recorded()), title: 'Numbers' };
  const file = markdownFile(record);
  expect(file.name).toBe('Numbers.md');
  const [filed] = readChatsFile(await file.text(), file.name);
  expect(filed!.content.givenTitle).toBe('Numbers');
  expect(filed!.content.tree.messages.map(({ role, text }) => [role, text])).toEqual([
    ['user', 'Count'],
    ['assistant', 'Two.'],
    ['user', '# Title?\n\n## You\n\\## Answer\n\nand on'],
    ['assistant', 'Three.'],
  ]);
});

it.each([
  ['no text of a conversation', '"## You"'],
  ['{"format": "shoal-con', 'damaged JSON'],
  ['[{"format": "other"}]', '"format" is wrong'],
  [
    '{"format": "shoal-conversation", "messages": [{"id": 0, "parent": 1, "role": "user", "text": "", "state": "done"}]}',
    '"messages"',
  ],
  [
    '{"format": "shoal-conversation", "messages": [{"id": 0, "role": "system", "text": "", "state": "done"}]}',
    '"messages[0].role"',
  ],
])('refuses %s', (text, words) => {
  expect(() => readChatsFile(text, 'x.json')).toThrow(words);
});

it('has of a stranger no name or note that a page could not show', () => {
  const said = { role: 'user', text: 'Hi', state: 'done', note: 'x'.repeat(1 << 20), error: 'x'.repeat(1 << 20) };
  const peerId = '12D3Koo';
  const askers = [
    { peerId, name: '\u202eAnna\u200b' },
    { peerId: 'x'.repeat(500), name: 'Anna' },
    { peerId, name: 'x'.repeat(500) },
    { peerId: '\u202ea', name: 'Anna' },
    5,
  ];
  const messages = askers.map((by, id) => ({ id, ...said, by }));
  const [filed] = readChatsFile(JSON.stringify({ format: 'shoal-conversation', messages }), 'x.json');
  const read = filed!.content.tree.messages;
  expect(read.map(({ by }) => by)).toEqual([{ peerId, name: 'Anna' }, undefined, undefined, undefined, undefined]);
  expect(read[0]!.note!.length + read[0]!.error!.length).toBeLessThan(10_000);
});

it('takes up what an older page has kept', () => {
  const message = { text: 'Hi', state: 'done', error: undefined };
  const messages = [
    { ...message, role: 'user' },
    { ...message, role: 'assistant' },
  ];
  const old = { manifestId: 'm', savedAtMs: 5, conversation: { messages } };
  expect(v.parse(recordSchema, upgradedRecord(old))).toMatchObject({
    ...{ home: 'm', open: true },
    messages: [
      { id: 0, role: 'user' },
      { id: 1, parent: 0, role: 'assistant' },
    ],
  });
});

it('is called by its first words', () => {
  const title = (text: string) => chatTitle([{ role: 'user', text }]);
  expect(title('  Explain\nthe tides ')).toBe('Explain the tides');
  expect(title('word '.repeat(40))).toBe(`${'word '.repeat(11)}word…`);
  expect(title('x'.repeat(100))).toBe(`${'x'.repeat(60)}…`);
  expect(chatTitle([])).toBe('');
});
