// Builds the example in a folder with its own configuration: node run-webpack.ts FOLDER
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import webpack from 'webpack';

const folder = process.argv[2]!;
const { default: config } = await import(pathToFileURL(join(folder, 'webpack.config.js')).href);
const output = { ...config.output, path: join(folder, 'dist') };
// Making it small takes a minute, and is webpack's affair.
webpack({ ...config, context: folder, output, optimization: { minimize: false } }, (error, result) => {
  const errors = error ?? result?.toJson({ errors: true }).errors ?? [];
  if (error || result?.hasErrors()) throw new Error(JSON.stringify(errors, null, 2));
});
