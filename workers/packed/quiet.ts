import { log } from '../../src/core/log.ts';

// Imported before a worker of the library: the page has its lines all the same.
log.print('warn');
