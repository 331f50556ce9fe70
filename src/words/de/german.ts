import { detailInGerman } from './details.ts';
import { first } from './first.ts';
import { later } from './later.ts';

/** All words of German, in a file that comes where it is spoken. */
export const german = { first, later, detail: detailInGerman };
