import { describe, expect, test } from 'vitest';
import { readInvite } from '../../../src/library/swarm/invited.ts';

const MANIFEST = 'a'.repeat(64);

describe('an invite link', () => {
  test.each([
    [`https://shoal.example/#m=${MANIFEST}`, 'https://shoal.example/'],
    [`https://shoal.example/a/b/#m=${MANIFEST}`, 'https://shoal.example/a/b/'],
    [`http://localhost:8787/#m=${MANIFEST}`, 'http://localhost:8787/'],
  ])('%s names the server and the model', (link, page) => {
    expect(readInvite(link)).toEqual({ page, invite: { manifestId: MANIFEST } });
  });

  test('of a private swarm has its secret, which the address of the server has not', () => {
    const { page, invite } = readInvite(`https://shoal.example/#m=${MANIFEST}&s=abc`);
    expect(invite).toMatchObject({ secret: 'abc' });
    expect(page).toBe('https://shoal.example/');
  });

  test('without a fragment is a server, for its first model', () => {
    expect(readInvite(new URL('https://shoal.example/'))).toEqual({
      page: 'https://shoal.example/',
      invite: undefined,
    });
  });

  test.each([
    ['nonsense', /expected a link/],
    ['ftp://shoal.example/', /expected a link/],
    ['https://shoal.example/#m=abc', /damaged/],
    [`https://shoal.example/#m=${MANIFEST}&p=0123456789abcdef`, /without its secret/],
  ])('%s is refused, with the reason', (link, message) => {
    expect(() => readInvite(link)).toThrow(message);
  });
});
