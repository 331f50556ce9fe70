import { readModelFile } from '../src/store/publish/model-file.ts';
import { shapeOf } from '../src/store/publish/model-shape.ts';
import { shardCountFor } from '../src/store/publish/shard-count.ts';
import { modelFileName, openModel } from './model-file.ts';

/** As many shards as suit ordinary tabs. @param path - a model file @throws ShoalError as `openModel`, `readGguf`, `shapeOf` */
export async function chooseShardCount(path: string): Promise<number> {
  return shardCountFor(shapeOf(await readModelFile(await openModel(path), modelFileName(path), 'counted')));
}
