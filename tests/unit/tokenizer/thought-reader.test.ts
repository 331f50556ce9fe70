import { describe, expect, test } from 'vitest';
import { splitThoughts, type ThoughtMarks, ThoughtReader } from '../../../src/tokenizer/thought-reader.ts';
import { seededRandom } from '../../fixtures/random.ts';

const CHANNELS = { tags: false };
const TAGS = { tags: true };
const BEGUN = { tags: true, begun: true };

const ANSWER =
  '<|channel|>analysis<|message|>It is < Rome.<|end|><|start|>assistant<|channel|>commentary<|message|>Let me see.<|end|>' +
  '<|start|>assistant<|channel|>final<|message|>Paris <b>|end|>.';

function readIn(pieces: readonly string[], marks: ThoughtMarks) {
  const reader = new ThoughtReader(marks);
  const said = [...pieces.map((piece) => reader.push(piece)), reader.flush()];
  const of = (kind: 'reasoning' | 'answer') => said.map((part) => part[kind]).join('');
  return { reasoning: of('reasoning'), answer: of('answer'), open: reader.open };
}

describe('an answer in channels', () => {
  const apart = { reasoning: 'It is < Rome.\n\nLet me see.', answer: 'Paris <b>|end|>.', open: false };

  test.each([1, 2, 3, 7, 1000])('is taken apart as it comes, %i characters at a time', (size) => {
    const pieces = Array.from({ length: Math.ceil(ANSWER.length / size) }, (_, at) =>
      ANSWER.slice(at * size, (at + 1) * size),
    );
    expect(readIn(pieces, CHANNELS)).toEqual(apart);
    expect(readIn(pieces, TAGS)).toEqual(apart);
    expect(splitThoughts(ANSWER, CHANNELS)).toEqual(apart);
  });

  test('tells what is certain at once, and holds what may be a mark', () => {
    const reader = new ThoughtReader(CHANNELS);
    expect(reader.push('<|channel|>final<|message|>Par')).toEqual({ reasoning: '', answer: 'Par' });
    expect(reader.push('is<|e')).toEqual({ reasoning: '', answer: 'is' });
    expect(reader.push('x')).toEqual({ reasoning: '', answer: '<|ex' });
  });

  test.each([
    [
      '<|channel|>final<|message|>Use `<|end|>` and `<|start|>` to close. More.',
      'Use `<|end|>` and `<|start|>` to close. More.',
    ],
    [
      `<|channel|>final<|message|>A \`<|channel|>final\` ${'x'.repeat(300)}`,
      `A \`<|channel|>final\` ${'x'.repeat(300)}`,
    ],
    ['<|channel|>final<|message|>Paris.<|end|>', 'Paris.'],
    ['<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|message|>Paris.', 'Paris.'],
  ])('loses nothing: %j', (text, answer) => {
    expect(readIn([text], CHANNELS).answer).toBe(answer);
    expect(readIn([...text], CHANNELS).answer).toBe(answer);
  });

  test('is open until its final part begins', () => {
    const reader = new ThoughtReader(CHANNELS);
    const opens = ['<|channel|>', 'analysis<|message|>Hm', '<|end|><|start|>assistant', '<|channel|>final<|message|>'];
    const seen = opens.map((piece) => {
      reader.push(piece);
      return reader.open;
    });
    expect(seen).toEqual([true, true, true, false]);
  });

  test.each(['Paris.', '', '<', '<|chan', ' <', 'Say <|channel|>final<|message|>', '<think>a</think>b'])(
    'is none: %j',
    (text) => {
      expect(readIn([...text], CHANNELS)).toEqual({ reasoning: '', answer: text, open: false });
      expect(splitThoughts(text, CHANNELS)).toBeUndefined();
    },
  );
});

describe('an answer with a thought in tags', () => {
  const apart = { reasoning: 'Is it <b>?\n\nYes.', answer: 'Paris <think>.\n', open: false };
  const text = '\n<think>\nIs it <b>?\n\nYes.\n</think>\n\nParis <think>.\n';

  test.each([1, 2, 3, 7, 1000])('is taken apart as it comes, %i characters at a time', (size) => {
    const cut = (whole: string) =>
      Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));
    expect(readIn(cut(text), TAGS)).toEqual(apart);
    expect(readIn(cut(text.slice(text.indexOf('Is'))), BEGUN)).toEqual(apart);
  });

  test.each([
    ['<thi', TAGS, { reasoning: '', answer: '<thi', open: false }],
    ['<think>', TAGS, { reasoning: '', answer: '', open: true }],
    ['<think>Hm </thi', TAGS, { reasoning: 'Hm </thi', answer: '', open: true }],
    ['<think>\n\n</think>\n\nParis.', TAGS, { reasoning: '', answer: 'Paris.', open: false }],
    ['Hm', BEGUN, { reasoning: 'Hm', answer: '', open: true }],
    ['  Paris </think>', TAGS, { reasoning: '', answer: '  Paris </think>', open: false }],
  ])('%j', (said, marks, expected) => {
    expect(readIn([said], marks)).toEqual(expected);
    expect(readIn([...said], marks)).toEqual(expected);
  });
});

test('wherever an answer is cut, it is taken apart alike', () => {
  const marks = [
    '<|channel|>',
    '<|message|>',
    '<|end|>',
    '<|start|>assistant',
    '<think>',
    '</think>',
    ' to=functions.f',
  ];
  const words = ['analysis', 'final', 'commentary', ' ', '\n\n', 'Hm.', '<', '|end|>', '</thi', 'x'.repeat(150)];
  const random = seededRandom(7);
  const choose = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  for (let round = 0; round < 2000; round++) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 9) }, () => choose([...marks, ...words]));
    const text = parts.join('');
    const cut = Math.floor(random() * text.length);
    for (const kind of [CHANNELS, TAGS, BEGUN]) {
      const whole = readIn([text], kind);
      for (const pieces of [parts, [...text], [text.slice(0, cut), text.slice(cut)]])
        expect(readIn(pieces, kind), JSON.stringify(text)).toEqual(whole);
    }
  }
});
