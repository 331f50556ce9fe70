/** Encodings of which a build may keep a copy beside a file, the shortest first, with the copy's suffix. */
export const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
export type Encoding = (typeof ENCODINGS)[number][0];

/**
 * Whether an `Accept-Encoding` header allows an encoding.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function accepts(header: string | undefined, encoding: Encoding): boolean {
  let any = false;
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name === encoding) return !refused;
    if (name === '*') any = !refused;
  }
  return any;
}
