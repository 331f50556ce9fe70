import { resolve } from 'node:path';

/**
 * For the environment of tests: every Node among them, a worker of each test file and many a server, reads what an
 * earlier one compiled. Entries are found by what they were compiled from, so that none is out of date.
 * @see https://nodejs.org/api/module.html#module-compile-cache
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: resolve('.cache/node') };
