import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../signaling-server/private-file.ts';
import { ShoalError } from '../src/core/errors.ts';
import { createSecret, deriveKeys, type SwarmKeys, type SwarmSecret } from '../src/protocol/private-swarm.ts';

const FILE_NAME = 'swarm.secret';

/**
 * The secret of the private swarm that a data folder belongs to: made once, then read, so that a link holds over a
 * restart.
 * @param renew - makes a new one: old links lead nowhere then
 * @throws ShoalError `bad-request` when the file holds no member's secret, or cannot be written
 */
export async function loadSecret(
  dataDir: string,
  renew: boolean,
): Promise<{ readonly secret: SwarmSecret; readonly keys: SwarmKeys }> {
  const path = join(dataDir, FILE_NAME);
  const kept = renew ? undefined : (await readPrivateFile(path))?.toString().trim();
  const secret = kept || createSecret();
  if (!kept) await writePrivateFile(path, `${secret}\n`);
  const keys = keysOf(secret);
  if (keys?.role === 'member') return { secret, keys };
  throw new ShoalError('bad-request', `${path} holds no secret. Delete it, or make a new one with --new-link.`);
}

function keysOf(secret: SwarmSecret): SwarmKeys | undefined {
  try {
    return deriveKeys(secret);
  } catch {
    return undefined;
  }
}
