import { globSync, readFileSync } from 'node:fs';
import { signal } from '@preact/signals';
import { expect, test, vi } from 'vitest';
import type { Chat } from '../../../src/app/chat/chat.ts';
import { readChatsFile } from '../../../src/app/chat/chat-file.ts';
import { chooseRunner } from '../../../src/app/choose-runner.ts';
import { fetchModel, fetchServerConfig } from '../../../src/app/introduction.ts';
import { openModelFiles } from '../../../src/app/models/model-files.ts';
import { RoomGuest } from '../../../src/app/rooms/room-guest.ts';
import { RoomHost } from '../../../src/app/rooms/room-host.ts';
import { ByteWriter } from '../../../src/core/bytes.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { joinGguf } from '../../../src/gguf/join.ts';
import { parseModelLink } from '../../../src/gguf/model-link.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { encodeEntry, writeGguf } from '../../../src/gguf/write.ts';
import { MemoryNetwork } from '../../../src/net/memory/memory-transport.ts';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import { deriveKeys } from '../../../src/protocol/private-swarm.ts';
import { type SpaceParts, withSpace } from '../../../src/store/idb/storage-space.ts';
import { checkPromptable } from '../../../src/store/publish/check-promptable.ts';
import { checkModel } from '../../../src/store/publish/publish-checks.ts';
import { fetchFile } from '../../../src/store/web-file/fetch-file.ts';
import { linkOfFile } from '../../../src/store/web-file/hub-repository.ts';
import { RoutePlanner } from '../../../src/swarm/route/route-planner.ts';
import { TrackRecords } from '../../../src/swarm/route/track-records.ts';
import { checkCapacity, checkLent } from '../../../src/swarm/shards/check-capacity.ts';
import { DETAILS, detailInGerman } from '../../../src/words/de/details.ts';
import { saidOtherwise, type TextPair } from '../../../src/words/said-otherwise.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

const SOURCES = globSync('src/**/*.{ts,tsx}')
  .filter((path) => !path.includes('words/de/'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

const parse = (bytes: Uint8Array) => parseGguf(bytes, 'a.gguf', bytes.length);
const check = (bytes: Uint8Array) => checkModel(parse(bytes));
const patched = (offset: number, change: (writer: ByteWriter) => ByteWriter) => {
  const bytes = writeGguf([encodeEntry('key', 'string', 'value')], [tensor('t')]);
  bytes.set(change(new ByteWriter()).finish(), offset);
  return bytes;
};
const tensor = (name: string) => ({ name, type: 'F32' as const, shape: [4], data: new Uint8Array(16) });
const entry = (key: string, rest: ByteWriter) => {
  const name = new TextEncoder().encode(key);
  return new ByteWriter().u64(name.length).bytes(name).bytes(rest.finish()).finish();
};
const metadata = (entries: Record<string, Uint8Array | null>) => makeTinyModel({ metadata: entries });
const part = (no: number, count: number, names = ['t'], total = names.length) => ({
  name: `a-0000${no + 1}-of-0000${count}.gguf`,
  source: bytesSource(
    writeGguf(
      [
        encodeEntry('split.no', 'u16', no),
        encodeEntry('split.count', 'u16', count),
        encodeEntry('split.tensors.count', 'i32', total),
      ],
      names.map(tensor),
    ),
  ),
});
const answering = (status: number) => async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status }));
  await fetchFile(new URL('https://a.example/a.gguf'), { keep: false, onProgress: () => undefined });
};
const repository = (names: readonly string[] | undefined) => {
  const listing = JSON.stringify({ siblings: names?.map((rfilename) => ({ rfilename })) });
  vi.stubGlobal('fetch', async () => new Response(listing, { status: names ? 200 : 404 }));
  return linkOfFile('hf:o/r', 'https://hub.example');
};
const unanswered = async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  const fetched = fetchFile(new URL('https://a.example/a.gguf'), { keep: false, onProgress: () => undefined });
  const failed = expect(fetched).rejects.toThrow();
  await vi.runAllTimersAsync();
  await failed;
  return fetched;
};
const introduce = (id: string | undefined, servesPrivateSwarm: boolean) =>
  fetchModel(
    { page: 'https://a.example/', models: [], servesPrivateSwarm } as unknown as Parameters<typeof fetchModel>[0],
    id,
    () => Promise.reject(new Error('none')),
  );
const silentServer = (origin: string) => {
  vi.stubGlobal('location', { origin });
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  return fetchServerConfig('https://a.example/');
};
const noRoom = (quotaBytes: number) => {
  const space = async () => ({ usedBytes: 25e6, quotaBytes });
  const reserve = async (
    lacking: () => Promise<number>,
    check: (needed: number, reserved: number) => Promise<void>,
  ) => {
    await check(await lacking(), 0);
    return () => undefined;
  };
  const parts = {
    chunks: { pieces: async () => [] },
    pieceLength: 20e6,
    meter: { space, ask: space, reserve, forget: () => undefined },
  };
  return withSpace(shard(20e6), 1, parts as unknown as SpaceParts, () =>
    Promise.reject(new ShoalError('storage-full', 'It is full.')),
  );
};
const nobody = async (layers: number[]) => {
  vi.useFakeTimers();
  const planner = new RoutePlanner({
    ...{ coordinator: 'me', manifest: { shards: shardsOf(layers) } as unknown as Manifest, candidates: () => [] },
    ...{ everybody: () => [], records: new TrackRecords(), onChange: () => () => undefined, recruit: () => undefined },
  });
  const planned = planner.planRoute();
  const failed = expect(planned).rejects.toThrow();
  await vi.runAllTimersAsync();
  await failed;
  return planned;
};
const shard = (sizeBytes: number) => ({ fileName: 'shard-0.gguf', sizeBytes }) as Manifest['shards'][number];
const capacity = (own: number, others: number[]) =>
  checkCapacity({ shards: [shard(own)] } as unknown as Manifest, shard(own), others.map(shard), 1_500_000);

/** Asks in a room whose chat is so. */
const inRoom = async (state: { busy?: boolean; fits?: boolean; closed?: boolean; text?: string }) => {
  const network = new MemoryNetwork();
  const [owner, other] = [network.createTransport(), network.createTransport()];
  const chat = {
    ...{ messages: signal([]), busy: signal(state.busy ?? false), title: signal('A title') },
    ...{ send: async () => true, fits: async () => state.fits ?? true },
  };
  const host = new RoomHost({ transport: owner, chat: chat as unknown as Chat, name: () => 'Anna' });
  const guest = new RoomGuest({ transport: other, peerId: owner.peerId, ownerIsThere: () => true, name: () => 'Bert' });
  try {
    await guest.ask(state.text ?? 'Why?');
  } finally {
    guest.close();
    host.close();
  }
};

/** What throws, and what its German says. */
const ERRORS: Readonly<Record<string, readonly [action: () => unknown, german: RegExp]>> = {
  'a damaged secret': [() => deriveKeys('abc'), /Geheimnis im Link ist beschädigt/],
  'a model that the server has not': [() => introduce('ab', false), /kennt das Modell des Einladungslinks nicht/],
  "a private swarm's server": [() => introduce(undefined, true), /dient einem privaten Schwarm/],
  'a server of no model': [() => introduce(undefined, false), /hat kein Modell/],

  'a server that is silent': [() => silentServer('https://a.example'), /^Der Server antwortet nicht/],
  "another site's server": [
    () => silentServer('https://b.example'),
    /^https:\/\/a\.example antwortet nicht oder lässt keine/,
  ],

  'no address': [() => parseModelLink('file'), /„file“ ist keine Adresse/],
  'another file': [() => parseModelLink('https://a.example/a.zip'), /a\.zip nennt keine \.gguf-Datei/],
  'a repository of several models': [
    () => repository(['a-F16.gguf', 'b-F16.gguf']),
    /^o\/r hat mehrere Modelle: Sag welches, z. B. hf:o\/r\/a-F16.gguf. Es gibt a-F16.gguf, b-F16.gguf.$/,
  ],
  'a repository of none': [() => repository([]), /^o\/r hat keine GGUF-Datei.$/],
  'a repository that is not there': [() => repository(undefined), /Der Server antwortet mit 404. Prüf den Namen.$/],
  'a bad hf: link': [() => parseModelLink('hf:owner/a.gguf'), /„hf:owner\/a.gguf“ nennt keine Datei eines Hubs/],
  'a link to nothing': [
    answering(404),
    /^https:\/\/a\.example\/a\.gguf war nicht zu holen: Der Server antwortet mit 404/,
  ],
  'a link without CORS': [unanswered, /bekam keine Antwort.*\(CORS\)\.$/],

  'no GGUF': [
    () => parse(new TextEncoder().encode('a text, no model')),
    /^a\.gguf ist keine gültige GGUF-Datei: Sie beginnt mit/,
  ],
  'a header that ends': [
    () => parse(writeGguf([], []).slice(0, 10)),
    /abgeschnitten: Bei Byte 8 werden 8 Bytes erwartet/,
  ],
  'a file that ends': [() => parse(makeTinyModel().slice(0, -100)), /abgeschnitten: Der Tensor „.+“ endet/],
  'an old version': [() => parse(patched(4, (to) => to.u32(1))), /Ihr Format hat Version 1/],
  'the other byte order': [() => parse(patched(4, (to) => to.u32(0x03000000))), /big-endian/],
  'too many tensors': [() => parse(patched(8, (to) => to.u64(1e9))), /1000000000 Tensoren/],
  'too much metadata': [() => parse(patched(16, (to) => to.u64(1e9))), /1000000000 Metadaten/],
  'a long key': [() => parse(patched(24, (to) => to.u64(1e9))), /Der Schlüssel 0 hat 1000000000 Bytes/],
  'a key that is no text': [() => parse(patched(32, (to) => to.u8(0xff))), /Der Schlüssel 0 ist kein gültiges UTF-8/],
  'a name that is no text': [
    () => {
      const bytes = writeGguf([], [tensor('t')]);
      bytes[32] = 0xff;
      parse(bytes);
    },
    /Der Name von Tensor 0 ist kein gültiges UTF-8/,
  ],
  'a long name': [() => parse(writeGguf([], [tensor('t'.repeat(64))])), /Der Name von Tensor 0 hat 64 Bytes/],
  'a long value': [
    () => parse(patched(24 + 8 + 3 + 4, (to) => to.u64(1e9))),
    /Der Wert von „key“ hat 1000000000 Bytes/,
  ],
  'a type of nothing': [() => parse(writeGguf([entry('key', new ByteWriter().u32(99))], [])), /„key“ ist vom Typ 99/],
  'a key twice': [
    () =>
      parse(
        writeGguf(
          [1, 2].map((value) => encodeEntry('key', 'u32', value)),
          [],
        ),
      ),
    /Der Schlüssel „key“ kommt zweimal vor/,
  ],
  'a tensor twice': [() => parse(writeGguf([], [tensor('t'), tensor('t')])), /Der Tensor „t“ kommt zweimal vor/],
  'an alignment of 3': [
    () => parse(writeGguf([encodeEntry('general.alignment', 'u32', 3)], [])),
    /general\.alignment ist 3; erwartet ist eine Zweierpotenz/,
  ],
  'weights of an unknown type': [
    () => {
      const bytes = writeGguf([], [tensor('t')]);
      // Behind the header: its name's length and name, one dimension.
      bytes.set(new ByteWriter().u32(77).finish(), 24 + 8 + 1 + 4 + 8);
      parse(bytes);
    },
    /Der Tensor „t“ ist vom Typ number 77; Shoal kennt F32/,
  ],
  'an unknown architecture': [
    () => check(metadata({ 'general.architecture': encodeEntry('general.architecture', 'string', 'other') })),
    /Die Architektur „other“ kennt Shoal nicht; es kennt .*llama/,
  ],
  'no architecture': [() => check(metadata({ 'general.architecture': null })), /general\.architecture fehlt/],
  'a model that is too wide': [
    () => check(metadata({ 'llama.embedding_length': encodeEntry('llama.embedding_length', 'u32', 1 << 20) })),
    /Das Modell ist 1048576 breit; Shoal kann höchstens/,
  ],
  'a vocabulary that is too large': [
    () => {
      const tokens = encodeEntry('tokenizer.ggml.tokens', 'string[]', new Array<string>(2 ** 20 + 1).fill(''));
      check(metadata({ 'tokenizer.ggml.tokens': tokens }));
    },
    /Das Modell kennt 1048577 Token/,
  ],
  'another tokenizer': [
    async () => {
      const model = encodeEntry('tokenizer.ggml.model', 'string', 'other');
      await checkPromptable(bytesSource(metadata({ 'tokenizer.ggml.model': model })), 'a.gguf', () => undefined);
    },
    /den Tokenizer „other“/,
  ],
  'a tensor too many': [
    () => check(makeTinyModel({ vectors: { odd: [1] } })),
    /Das Modell hat den Tensor „odd“; Shoal kennt nur/,
  ],
  'no tokenizer': [
    async () => {
      const bytes = metadata({ 'tokenizer.ggml.model': null });
      await checkPromptable(bytesSource(bytes), 'a.gguf', () => undefined);
    },
    /^a\.gguf: Die Modelldatei hat keinen Tokenizer.* Kein Tab könnte damit fragen\.$/,
  ],
  'a part that is missing': [
    () => openModelFiles([new File(['GGUF'], 'a-00001-of-00002.gguf')]),
    /^a-00002-of-00002\.gguf fehlt: Wähle alle 2 Dateien zusammen/,
  ],
  'no file': [() => openModelFiles([]), /keine Datei gewählt/],
  'a part of another set': [
    () => joinGguf([part(0, 2), part(0, 2)]),
    /Sie sagt, sie sei Teil 1 von 2; erwartet ist Teil 2/,
  ],
  'a whole model as a part': [
    () => joinGguf([{ name: 'a.gguf', source: bytesSource(makeTinyModel()) }]),
    /kein Teil eines Modells; erwartet ist Teil 1 von 1/,
  ],
  'parts of two models': [() => joinGguf([part(0, 2), part(1, 2, ['u'], 9)]), /Ihr Modell hat 9 Tensoren/],
  'a tensor in two parts': [() => joinGguf([part(0, 2), part(1, 2)]), /„t“ steht auch in/],
  'a set with a lack': [() => joinGguf([part(0, 2, ['t'], 9), part(1, 2, ['u'], 9)]), /Von den 9 Tensoren/],

  'a broken file of a conversation': [
    () => readChatsFile('{"a":', 'b.json'),
    /^b\.json ist beschädigtes JSON; .*: „.+“$/,
  ],
  'a file of no conversation': [() => readChatsFile('Hello', 'b.md'), /^In b\.md ist kein Gespräch: Erwartet/],
  'JSON of something else': [() => readChatsFile('{"a":1}', 'b.json'), /^In b\.json ist kein Gespräch von Shoal: „/],
  'a room that answers': [() => inRoom({ busy: true }), /beantwortet eine andere Frage/],
  'a question too long for a room': [() => inRoom({ fits: false }), /Die Frage ist zu lang/],
  'a question longer than any': [() => inRoom({ text: 'a'.repeat(100_000) }), /hat eine Frage höchstens \d+ Zeichen/],

  'no room': [() => noRoom(30e6), /^shard-0\.gguf braucht noch 20,0 MB.* belegt 25,0 MB von 30,0 MB\./],
  'no room, of an unknown quota': [() => noRoom(0), / belegt 25,0 MB\. Schaff/],
  'shards that nobody serves': [
    () => nobody([8, 8]),
    /^Niemand rechnet Teil 0 \(Schichten 0-7\), Teil 1 \(Schichten 8-15\)\. /,
  ],
  'a shard too large': [() => capacity(2_000_000, []), /hat 2,0 MB Gewichte, und dieses Gerät fasst 1,5 MB/],
  'a shard too many': [() => capacity(1_000_000, [1_000_000]), /1,0 MB rechnet dieser Tab schon/],
  'more than is lent': [() => checkLent(2_000_000, 1_000_000), /leiht 1,0 MB her/],
};

async function messageOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ShoalError) return error.message;
    throw error;
  } finally {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  }
  throw new Error('It did not fail.');
}

const messages = new Map<string, string>();

test.each(Object.entries(ERRORS))('German says what went wrong: %s', async (name, [action, german]) => {
  const message = await messageOf(action);
  messages.set(name, message);
  expect(detailInGerman(message) ?? message).toMatch(german);
});

/** What is said without being thrown, or only where much would have to be there. */
function otherTexts(): string[] {
  const settings = { threads: 'auto', runner: 'auto' } as const;
  const choices = (['software', 'missing'] as const).map((webgpu) => chooseRunner(settings, webgpu));
  const lacks = [...SOURCES.matchAll(/requireKeeping\(\s*'(.+?)',/g)];
  const [, way] = /const way = '(.+?)'/.exec(SOURCES)!;
  return [
    ...choices.map(({ reason }) => reason),
    ...lacks.map(([, lack]) => `This browser keeps no site data, so ${lack}`),
    `A simulation keeps nothing. ${way}`,
    // As `cpu-runner.ts` and `verify.ts` compose them.
    ...['WebAssembly, 1 thread', 'WebAssembly, 3 threads'],
    ...['Shard 2 (layers 16-22): served', 'Shard 2 (layers 16-22): found in the DHT'],
  ];
}

const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
/** Whether a text stands in the sources, with values where it has places. */
const isInSources = ([text]: TextPair) =>
  new RegExp(
    text
      .replace(/\{why\}$/, '')
      .split(/\{\w+\}/)
      .map((words) => words.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('\\$\\{.+?\\}'),
  ).test(SOURCES);

test('what German knows is said somewhere, with the same places', () => {
  expect([...messages.keys()]).toEqual(Object.keys(ERRORS));
  const thrown = [...messages.values(), ...otherTexts()];
  // What stands within another text is one, too.
  const within = DETAILS.flatMap(([text]) => {
    const inner = saidOtherwise([[text.replace('{why}', '{inner}'), '{inner}']], String);
    return text.includes('{why}') ? thrown.flatMap((message) => inner(message) ?? []) : [];
  });
  const isThrown = ([text]: TextPair) => {
    const say = saidOtherwise([[text.replace('{why}', '{inner}'), text]], String);
    return [...thrown, ...within].some((message) => say(message) !== undefined);
  };
  const unsaid = DETAILS.filter((pair) => !isInSources(pair) && !isThrown(pair));
  expect(unsaid.map(([text]) => text)).toEqual([]);
  for (const [text, german] of DETAILS) expect(places(german), text).toEqual(places(text));
});

test('what German does not know stays as it is', () => {
  expect(detailInGerman('Shard 1: the disk is full.')).toBeUndefined();
  expect(detailInGerman('a.gguf is not a valid model: it is blue.')).toBeUndefined();
  expect(detailInGerman(`${'Shard 1: '.repeat(10_000)}No file was chosen.`)).toBeUndefined();
  expect(detailInGerman('Shard 1: No file was chosen.')).toBe('Teil 1: Es wurde keine Datei gewählt.');
});
