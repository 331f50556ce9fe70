// Runs a command with the environment that Dawn and Chromium need: node tests/support/with-browser-env.ts COMMAND ARG…
import { spawnSync } from 'node:child_process';
import { findBrowser } from '../../cli/browser.ts';
import { COMPILE_CACHE } from './compile-cache.ts';

const { env } = await findBrowser();
const [command, ...args] = process.argv.slice(2);
if (!command) throw new Error('usage: with-browser-env.ts COMMAND ARG…');
process.exit(
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env, ...COMPILE_CACHE } }).status ?? 1,
);
