import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../cli/catalogue.ts';

let folder: string;

function models(...args: string[]) {
  return spawnSync('node_modules/.bin/node', ['cli/shoal.ts', 'models', '--data', folder, ...args], {
    encoding: 'utf8',
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-models-'));
  await writeFile(join(folder, CATALOGUE[1]!.fileName), '');
});

afterAll(() => rm(folder, { recursive: true }));

describe('shoal models', () => {
  it('lists what can be named, what a tab needs, and what was fetched', () => {
    const { status, stdout } = models();
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^name +size +licence +1 tab +2 tabs +4 tabs +8 tabs +auto$/);
    for (const { id, licence } of CATALOGUE)
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${id} .* ${licence} `)));
    expect(lines.filter((line) => line.endsWith('fetched')).map((line) => line.split(' ')[0])).toEqual([
      CATALOGUE[1]!.id,
    ]);
  });

  it('prints JSON, in which more tabs need less each', () => {
    const rows = JSON.parse(models('--json').stdout) as {
      name: string;
      fetched: boolean;
      bytesPerTab: Record<string, number>;
    }[];
    expect(rows.map(({ name, fetched }) => [name, fetched])).toEqual(
      CATALOGUE.map(({ id }, index) => [id, index === 1]),
    );
    for (const { bytesPerTab } of rows) {
      const needs = [1, 2, 4, 8].map((count) => bytesPerTab[count]!);
      expect(needs).toEqual(needs.toSorted((a, b) => b - a));
    }
  });

  it('knows its options', () => {
    expect(models('--jsn')).toMatchObject({ status: 2, stderr: expect.stringMatching(/--jsn/) });
  });
});
