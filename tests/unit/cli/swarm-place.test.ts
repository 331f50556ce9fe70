import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const LINK = 'http://127.0.0.1:9/#m=no';

it.each(['node', 'bridge', 'verify'])(
  'shoal %s reads its invite link from the standard input where it is told to',
  (command) => {
    const run = (link: string, input: string) =>
      spawnSync(process.execPath, ['cli/shoal.ts', command, link], { input, encoding: 'utf8' });
    const told = run('-', `${LINK}\n`);
    expect(told.stderr).toContain(`"${LINK}" is no invite`);
    expect(told.status).toBe(2);
    expect(run(LINK, '').stderr).toBe(told.stderr);
  },
);
