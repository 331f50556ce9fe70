import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { linkOfFile } from '../../../src/store/web-file/hub-repository.ts';

let server: Server;
let hub: string;
let files: readonly string[];
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer(({ url }, response) => {
    asked.push(url!);
    if (url!.includes('nobody')) response.writeHead(404).end('{}');
    else response.end(JSON.stringify({ siblings: files.map((rfilename) => ({ rfilename })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

it.each([
  ['the only one', ['README.md', 'a-IQ4_XS.gguf', 'mmproj-a-f16.gguf'], 'hf:o/r/a-IQ4_XS.gguf'],
  ['what is usual', ['a-Q8_0.gguf', 'a-q4_k_m.gguf', 'a-Q4_0.gguf'], 'hf:o/r/a-q4_k_m.gguf'],
  ['the first part of a set', ['q/a-00002-of-00002.gguf', 'q/a-00001-of-00002.gguf'], 'hf:o/r/q/a-00001-of-00002.gguf'],
])('of a repository takes %s', async (_, names, link) => {
  files = names;
  expect(await linkOfFile('hf:o/r', hub)).toBe(link);
  expect(asked).toEqual(['/api/models/o/r']);
  expect(await linkOfFile('hf:o/r@v1.0', hub)).toBe(`${link}@v1.0`);
  expect(asked[1]).toBe('/api/models/o/r/revision/v1.0');
});

it('asks nobody about a link that names a file', async () => {
  for (const link of [
    'hf:o/r/a.gguf',
    'hf:o/a.gguf',
    'hf:o/r/a.gguf@main',
    'https://x.test/a.gguf',
    'a.gguf',
    'smollm2',
  ])
    expect(await linkOfFile(link, hub)).toBe(link);
  expect(asked).toEqual([]);
});

it('says what there is where it cannot choose, and where nothing is', async () => {
  files = ['one-F16.gguf', 'two-F16.gguf'];
  await expect(linkOfFile('hf:o/r', hub)).rejects.toMatchObject({
    code: 'model-unavailable',
    message: 'o/r has several models: say which, e.g. hf:o/r/one-F16.gguf. There are one-F16.gguf, two-F16.gguf.',
  });
  files = ['model.safetensors'];
  await expect(linkOfFile('hf:o/r', hub)).rejects.toThrow('o/r has no GGUF file.');
  await expect(linkOfFile('hf:nobody/r', hub)).rejects.toThrow('it answers 404');
  await expect(linkOfFile('hf:o/r', hub, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
});
