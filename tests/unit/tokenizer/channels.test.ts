import { describe, expect, test } from 'vitest';
import { ChannelReader, splitChannels } from '../../../src/tokenizer/channels.ts';

const ANSWER =
  '<|channel|>analysis<|message|>It is < Rome.<|end|><|start|>assistant<|channel|>commentary<|message|>Let me see.<|end|>' +
  '<|start|>assistant<|channel|>final<|message|>Paris <b>|end|>.';

function readIn(pieces: readonly string[]) {
  const reader = new ChannelReader();
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
    expect(readIn(pieces)).toEqual(apart);
    expect(splitChannels(ANSWER)).toEqual(apart);
  });

  test('tells what is certain at once, and holds what may be a mark', () => {
    const reader = new ChannelReader();
    expect(reader.push('<|channel|>final<|message|>Par')).toEqual({ reasoning: '', answer: 'Par' });
    expect(reader.push('is<|e')).toEqual({ reasoning: '', answer: 'is' });
    expect(reader.push('x')).toEqual({ reasoning: '', answer: '<|ex' });
  });

  test('is open until its final part begins', () => {
    const reader = new ChannelReader();
    const opens = ['<|channel|>', 'analysis<|message|>Hm', '<|end|><|start|>assistant', '<|channel|>final<|message|>'];
    const seen = opens.map((piece) => {
      reader.push(piece);
      return reader.open;
    });
    expect(seen).toEqual([true, true, true, false]);
  });

  test.each(['Paris.', '', '<', '<|chan', 'Say <|channel|>final<|message|>'])('is none: %j', (text) => {
    expect(readIn([...text])).toEqual({ reasoning: '', answer: text, open: false });
    expect(splitChannels(text)).toBeUndefined();
  });
});
