import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from 'citty';
import { formatBytes } from '../../src/core/format.ts';
import { CATALOGUE, type CatalogueEntry } from '../catalogue.ts';
import { DEFAULT_DATA_DIR } from '../model-source.ts';
import { readStrictly } from '../strict-options.ts';

/** Shard counts whose need is told. */
const COUNTS = [1, 2, 4, 8];
/** What a tab holds beside its shards. */
const TAB_BYTES = 160 * 1024 * 1024;

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
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly licence: string;
  /** Whether it was fetched already. */
  readonly here: boolean;
  /** Memory of each tab by the number of shards, one a tab. */
  readonly bytesPerTab: Readonly<Record<number, number>>;
}

function describe({ id, name, sizeBytes, licence, fileName }: CatalogueEntry, dataDir: string): Row {
  const bytesPerTab = Object.fromEntries(COUNTS.map((count) => [count, Math.ceil(sizeBytes / count) + TAB_BYTES]));
  return { id, name, sizeBytes, licence, here: existsSync(join(dataDir, fileName)), bytesPerTab };
}

function table(rows: readonly Row[]): string {
  const head = ['model', 'size', 'licence', ...COUNTS.map((count) => `${count} ${count === 1 ? 'tab' : 'tabs'}`), ''];
  const lines = rows.map(({ id, sizeBytes, licence, here, bytesPerTab }) => [
    id,
    formatBytes(sizeBytes),
    licence,
    ...COUNTS.map((count) => formatBytes(bytesPerTab[count]!)),
    here ? 'fetched' : '',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]!.length)));
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [
    ...text,
    '',
    'Columns of tabs: the memory of each, with one shard a tab.',
    'npm start -- --model NAME serves one.',
  ].join('\n');
}
