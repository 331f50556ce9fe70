import { expect, it } from 'vitest';
import { readAttachment, withAttachments } from '../../../src/ui/attachments.ts';

const file = (name: string, ...parts: BlobPart[]) => new File(parts, name);

it('puts files before the question, in fences that they do not close', () => {
  expect(withAttachments(' Why? ', [{ name: 'a.txt', text: 'one\n' }])).toBe('a.txt:\n```\none\n```\n\nWhy?');
  expect(withAttachments('', [{ name: 'b.md', text: '````\ncode\n````' }])).toBe(
    'b.md:\n`````\n````\ncode\n````\n`````',
  );
  expect(withAttachments('Hi', [])).toBe('Hi');
});

it('takes text, and says of anything else why not', async () => {
  expect(await readAttachment(file('a.txt', 'Grüße, 鱼'))).toEqual({ name: 'a.txt', text: 'Grüße, 鱼' });
  await expect(readAttachment(file('a.png', new Uint8Array([137, 80, 78, 71])))).rejects.toThrow('a.png is no text');
  await expect(readAttachment(file('a.bin', new Uint8Array([97, 0, 98])))).rejects.toThrow('a.bin is no text');
  await expect(readAttachment(file('big.txt', 'x'.repeat(2_000_001)))).rejects.toThrow('larger than 2 MB');
});
