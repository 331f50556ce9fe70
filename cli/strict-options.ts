import { parseArgs } from 'node:util';
import type { ArgsDef } from 'citty';
import { ShoalError } from '../src/core/errors.ts';

/** The values of every option given, in order. */
export type StrictOptions = Readonly<Record<string, readonly string[]>>;

/**
 * Reads a command's arguments again, strictly: citty ignores options that it does not know, and keeps one value of an
 * option that is repeated.
 * @throws ShoalError `bad-request` on an unknown option, a missing value, or an argument too many
 */
export function readStrictly(rawArgs: readonly string[], definition: ArgsDef): StrictOptions {
  const named = Object.entries(definition).filter(([, { type }]) => type !== 'positional');
  const places = Object.keys(definition).length - named.length;
  const options = Object.fromEntries(
    named.map(([name, { type }]) => [
      name,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...rawArgs],
      options,
      strict: true,
      allowPositionals: places > 0,
      allowNegative: true,
    });
    if (positionals.length > places) throw new Error(`Unexpected argument '${positionals[places]}'`);
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    throw new ShoalError('bad-request', `${message}. Run with --help for the options.`, { cause });
  }
}

/**
 * Takes the value of an option that may stand alone, `--api` or `--api 8788`, which no parser of options knows.
 * @returns its value, and the arguments as of a mere switch
 */
export function takeOptionalNumber(
  rawArgs: readonly string[],
  name: string,
): { readonly value: string | undefined; readonly rest: readonly string[] } {
  const place = rawArgs.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (place < 0) return { value: undefined, rest: rawArgs };
  const [, attached] = rawArgs[place]!.split('=');
  const next = rawArgs[place + 1];
  const follows = attached === undefined && next !== undefined && /^\d+$/.test(next);
  const rest = rawArgs.toSpliced(place, follows ? 2 : 1, `--${name}`);
  return { value: attached ?? (follows ? next : undefined), rest };
}

/** An option's whole number. @throws ShoalError `bad-request` */
export function parseNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new ShoalError('bad-request', `--${name} is "${text}", expected a whole number from ${min} to ${max}.`);
}
