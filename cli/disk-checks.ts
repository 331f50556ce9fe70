import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { type Check, check } from '../src/swarm/verify.ts';
import type { CheckedModel } from './server-checks.ts';
import { checkShardBytes } from './shard-bytes.ts';

/** Read at once: Node's own 64 KiB cost a call each. */
const READ_BYTES = 1024 * 1024;

/** Checks the shards on this machine, if `dataDir` holds this very set; yields nothing otherwise. */
export async function* checkDisk({ manifest, manifestId }: CheckedModel, dataDir: string): AsyncGenerator<Check, void> {
  const directory = join(dataDir, 'shards', manifest.name);
  const kept = await readFile(join(directory, 'manifest.json')).catch(() => undefined);
  if (!kept || createHash('sha256').update(kept).digest('hex') !== manifestId) return;
  for (const shard of manifest.shards) {
    yield await check(`${shard.fileName} on disk`, async () => {
      const path = join(directory, shard.fileName);
      if (!(await stat(path).catch(() => undefined))) throw new ShoalError('shard-missing', `${path} does not exist.`);
      return checkShardBytes(shard, manifest.pieceLength, createReadStream(path, { highWaterMark: READ_BYTES }));
    });
  }
}
