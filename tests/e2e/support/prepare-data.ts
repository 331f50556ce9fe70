import { join } from 'node:path';
import { DEFAULT_DATA_DIR, prepareModel } from '../../../cli/model-source.ts';
import { loadIdentity } from '../../../signaling-server/identity.ts';

/** Before all tests: the default model is split, and the server has a key, so that no two servers begin at once. */
export default async function prepareData(): Promise<void> {
  await prepareModel({ shards: 'auto', dataDir: DEFAULT_DATA_DIR });
  await loadIdentity(join(DEFAULT_DATA_DIR, 'server.key'));
}
