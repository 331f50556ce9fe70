import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../../cli/page-build.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-page-'));
  await mkdir(join(root, 'src/ui'), { recursive: true });
  await writeFile(join(root, 'index.html'), '<script type="module" src="/src/ui/main.ts"></script>');
  await writeFile(join(root, 'src/ui/main.ts'), "import './part.ts';");
  await writeFile(join(root, 'src/ui/part.ts'), 'console.log("first");');
});
afterAll(() => rm(root, { recursive: true }));

const builtScript = async () => {
  const [name] = await readdir(join(root, 'dist/assets'));
  return readFile(join(root, 'dist/assets', name!), 'utf8');
};

describe('building the page', () => {
  it('builds once, and again for every change of a source', async () => {
    expect(await buildPage(root)).toBe(true);
    expect(await builtScript()).toContain('first');
    expect(await buildPage(root)).toBe(false);

    // A file of another age, older than the build: what a switch of branches leaves.
    await writeFile(join(root, 'src/ui/part.ts'), 'console.log("other");');
    await utimes(join(root, 'src/ui/part.ts'), 1_000_000, 1_000_000);
    expect(await buildPage(root)).toBe(true);
    expect(await builtScript()).toContain('other');
    expect(await buildPage(root)).toBe(false);

    await writeFile(join(root, 'src/ui/unused.ts'), '');
    expect(await buildPage(root)).toBe(true);
    await rm(join(root, 'src/ui/unused.ts'));
    expect(await buildPage(root)).toBe(true);

    await rm(join(root, 'dist'), { recursive: true });
    expect(await buildPage(root)).toBe(true);
  }, 30_000);

  it('says what fails, and does not take a failed build for a built page', async () => {
    await writeFile(join(root, 'src/ui/part.ts'), "import './missing.ts';");
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(buildPage(root)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('missing.ts'),
      });
    }
  }, 30_000);
});
