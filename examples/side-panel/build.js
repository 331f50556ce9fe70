// Builds the extension into dist/, which Chrome loads unpacked: node build.js
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({ entryPoints: ['panel.ts'], bundle: true, format: 'esm', splitting: true, minify: true, outdir: 'dist' });
for (const file of ['manifest.json', 'background.js', 'panel.html', 'panel.css']) cpSync(file, join('dist', file));
const shoal = dirname(fileURLToPath(import.meta.resolve('shoal')));
cpSync(join(shoal, 'workers'), 'dist/workers', { recursive: true });
