// Fetches the models that have references, and runs them on both devices: npm run test:models. Gigabytes, and long.
import { spawnSync } from 'node:child_process';
import { findBrowser } from '../../cli/browser.ts';
import { CATALOGUE } from '../../cli/catalogue.ts';
import { ensureModel } from '../../cli/model-source.ts';
import { ProgressLine } from '../../cli/progress.ts';

const progress = new ProgressLine();
for (const model of CATALOGUE) await ensureModel(model, undefined, { onProgress: progress.show });
const { env } = await findBrowser();
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'models', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...env },
});
process.exit(status ?? 1);
