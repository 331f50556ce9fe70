import { expect, it } from 'vitest';
import { takeOptionalNumber } from '../../../cli/strict-options.ts';

it.each([
  [['--private'], undefined, ['--private']],
  [['--api'], undefined, ['--api']],
  [['--api', '--private'], undefined, ['--api', '--private']],
  [['--api', '9000', '--private'], '9000', ['--api', '--private']],
  [['--private', '--api=9000'], '9000', ['--private', '--api']],
  [['--api', 'x'], undefined, ['--api', 'x']],
  [['--api='], '', ['--api']],
])('takes the number of %j, where there is one', (args, value, rest) => {
  expect(takeOptionalNumber(args, 'api')).toEqual({ value, rest });
});
