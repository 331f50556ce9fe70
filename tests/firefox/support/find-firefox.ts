import { existsSync } from 'node:fs';

const INSTALLED = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** A Firefox as people have it: `SHOAL_FIREFOX`, or an installed one. npm brings none. */
export function findFirefox(): string | undefined {
  const wanted = process.env.SHOAL_FIREFOX;
  return (wanted ? [wanted] : INSTALLED).find((path) => existsSync(path));
}
