import { expect, it } from 'vitest';
import { AlertList } from '../../../src/app/alert-list.ts';

it('has one line for a failure that recurs, with a count', () => {
  const list = new AlertList();
  for (let time = 0; time < 8; time++) list.add('error', 'No room.');
  list.add('error', 'No server.');
  expect(list.alerts.value).toEqual([
    { id: 0, level: 'error', text: 'No room.', count: 8 },
    { id: 1, level: 'error', text: 'No server.' },
  ]);
});

it('has one line for one file, the newest', () => {
  const list = new AlertList();
  for (let percent = 0; percent <= 100; percent++) list.add('info', `Reading a.gguf: ${percent} %`, 'a.gguf');
  list.add('info', 'Reading b.gguf: 0 %', 'b.gguf');
  list.add('error', 'a.gguf is another model.', 'a.gguf');
  expect(list.alerts.value.map(({ text, count }) => [text, count])).toEqual([
    ['a.gguf is another model.', undefined],
    ['Reading b.gguf: 0 %', undefined],
  ]);
  list.dismiss(0);
  list.add('error', 'a.gguf is another model.', 'a.gguf');
  expect(list.alerts.value.map(({ text }) => text)).toEqual(['Reading b.gguf: 0 %', 'a.gguf is another model.']);
});
