import { expect, it } from 'vitest';
import { securePage } from '../../../cli/secure-page.ts';

const opened = (address: string) => {
  const { url, flags } = securePage(new URL(address));
  return [url.href, ...flags];
};

it('leaves alone what browsers trust anyway', () => {
  for (const address of ['https://10.0.0.1:8787/', 'http://localhost:8787/', 'http://127.0.0.1/', 'http://[::1]:1/'])
    expect(opened(address)).toEqual([address]);
});

it('leads localhost to an address, or to a name of the house', () => {
  expect(opened('http://10.77.0.1:8787/shoal/#m=1')).toEqual([
    'http://localhost:8787/shoal/#m=1',
    '--host-resolver-rules=MAP localhost 10.77.0.1',
  ]);
  expect(opened('http://kitchen:8787/')[1]).toBe('--host-resolver-rules=MAP localhost kitchen');
  expect(opened('http://[fd00::1]:8787/')[1]).toBe('--host-resolver-rules=MAP localhost [fd00::1]');
});

it('keeps a name that a proxy may go by', () => {
  expect(opened('http://shoal.example/')).toEqual([
    'http://shoal.example/',
    '--unsafely-treat-insecure-origin-as-secure=http://shoal.example',
  ]);
});
