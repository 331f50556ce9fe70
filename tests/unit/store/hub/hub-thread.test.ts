import { afterEach, expect, it, vi } from 'vitest';
import { bytesSource } from '../../../../src/gguf/gguf-file.ts';
import { LAYER_SPLIT } from '../../../../src/protocol/model-source.ts';
import { HubModels, type HubRun } from '../../../../src/store/hub/hub-thread.ts';
import { publishModel } from '../../../../src/store/publish/publish.ts';
import { makeTinyModel } from '../../../fixtures/tiny-model.ts';

const URL = 'https://hub.example/model.gguf';

afterEach(() => vi.unstubAllGlobals());

/** A model at a hub whose answers wait until `open` is called. */
async function waitingHub() {
  const model = makeTinyModel({ type: 'Q4_1' });
  const { manifest } = await publishModel(bytesSource(model), { fileName: 'model.gguf', shardCount: 2 });
  const gate = Promise.withResolvers<void>();
  const fetch = vi.fn(async (_url: string, { headers }: { headers: { range: string } }) => {
    await gate.promise;
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range)!;
    return new Response(model.slice(Number(start), Number(last) + 1), { status: 206 });
  });
  vi.stubGlobal('fetch', fetch);
  const run = (index: number): HubRun => ({
    source: { split: LAYER_SPLIT, files: [{ url: URL, sizeBytes: model.length }] },
    layerCount: manifest.hyperparameters.layerCount,
    shards: manifest.shards,
    shard: manifest.shards[index]!,
    pieceLength: manifest.pieceLength,
    first: 0,
    count: 1,
    sha1: ['of the first piece'],
  });
  const firstPieceBytes = Math.min(manifest.pieceLength, manifest.shards[1]!.sizeBytes);
  return { run, fetch, open: gate.resolve, firstPieceBytes };
}

it('reads a file’s header once for all its shards, also where the first that wants it is given up', async () => {
  const { run, fetch, open, firstPieceBytes } = await waitingHub();
  const models = new HubModels();
  const first = new AbortController();
  const given = models.fetch(run(0), first.signal);
  const wanted = models.fetch(run(1), new AbortController().signal);
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(1));
  first.abort();
  await expect(given).rejects.toMatchObject({ code: 'aborted' });
  open();
  expect(await wanted).toHaveLength(firstPieceBytes);
  const headers = fetch.mock.calls.filter(([, { headers }]) => headers.range.startsWith('bytes=0-'));
  expect(headers).toHaveLength(1);
});
