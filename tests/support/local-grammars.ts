import { createRequire } from 'node:module';

// The library's bundle takes Node for CommonJS.
const { filename } = import.meta;
Object.assign(globalThis, { require: createRequire(import.meta.url), __filename: filename });

export { localGrammars } from '../../src/grammar/local-grammars.ts';
