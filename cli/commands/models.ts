import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from 'citty';
import { formatBytes } from '../../src/core/format.ts';
import { largestShardBytes } from '../../src/store/publish/model-shape.ts';
import { shardCountFor } from '../../src/store/publish/shard-count.ts';
import { CATALOGUE, type CatalogueEntry } from '../catalogue.ts';
import { DEFAULT_DATA_DIR } from '../model-source.ts';
import { readStrictly } from '../strict-options.ts';

/** Shard counts whose need is told. */
const COUNTS = [1, 2, 4, 8];
/** What the page and the engine hold beside a shard, as README's limits say; each conversation's KV cache comes on top. */
const BESIDE_SHARD_BYTES = 150 * 2 ** 20;

const args = {
  data: {
    type: 'string',
    default: DEFAULT_DATA_DIR,
    valueHint: 'DIR',
    description: 'Where models and shards are kept',
  },
  json: { type: 'boolean', description: 'Print JSON' },
} as const;

export default defineCommand({
  meta: { name: 'models', description: 'Lists the models that can be named, and what a tab needs for each.' },
  args,
  run: ({ args: options, rawArgs }) => {
    readStrictly(rawArgs, args);
    const rows = CATALOGUE.map((entry) => describe(entry, options.data));
    console.log(options.json ? JSON.stringify(rows, null, 2) : table(rows));
  },
});

interface Row {
  readonly name: string;
  readonly title: string;
  readonly architecture: string;
  readonly sizeBytes: number;
  readonly licence: string;
  /** Whether its file is in the data folder, whole. */
  readonly fetched: boolean;
  /** What `--shards auto` makes of it. */
  readonly shards: number;
  /** Memory of the tab that needs most, by the number of shards, one a tab. */
  readonly bytesPerTab: Readonly<Record<number, number>>;
}

function describe(entry: CatalogueEntry, dataDir: string): Row {
  const { id, name, architecture, sizeBytes, licence, fileName, shape } = entry;
  const need = (count: number) => largestShardBytes(shape, count) + BESIDE_SHARD_BYTES;
  return {
    name: id,
    title: name,
    architecture,
    sizeBytes,
    licence,
    fetched: existsSync(join(dataDir, fileName)),
    shards: shardCountFor(shape),
    bytesPerTab: Object.fromEntries(COUNTS.map((count) => [count, need(count)])),
  };
}

function table(rows: readonly Row[]): string {
  const counts = COUNTS.map((count) => `${count} ${count === 1 ? 'tab' : 'tabs'}`);
  const lines = [
    ['name', 'size', 'licence', ...counts, 'auto', ''],
    ...rows.map(({ name, sizeBytes, licence, shards, fetched, bytesPerTab }) => [
      name,
      formatBytes(sizeBytes),
      licence,
      ...COUNTS.map((count) => formatBytes(bytesPerTab[count]!)),
      `${shards} shards`,
      fetched ? 'fetched' : '',
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const padded = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return [
    ...padded.map((line) => line.trimEnd()),
    '',
    `Below tabs: the memory that the fullest one needs, its shard and about ${formatBytes(BESIDE_SHARD_BYTES)}; conversations come on top.`,
    'npm start -- --model NAME serves one.',
  ].join('\n');
}
