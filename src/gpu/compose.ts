/**
 * One shader text from parts, their lines unrolled: with `{t: 8}` a line that holds `{t}` stands for eight lines with
 * 0 … 7 in its place. Registers need names: an indexed array would live in memory.
 */
export function composeShader(parts: readonly string[], unrolled: Readonly<Record<string, number>> = {}): string {
  const lines = parts.flatMap((part) => part.split('\n'));
  return lines.flatMap((line) => unrollLine(line, Object.entries(unrolled))).join('\n');
}

function unrollLine(line: string, unrolled: readonly (readonly [string, number])[]): string[] {
  return unrolled.reduce(
    (lines, [name, count]) => {
      const placeholder = `{${name}}`;
      if (!line.includes(placeholder)) return lines;
      return Array.from({ length: count }, (_, index) =>
        lines.map((text) => text.replaceAll(placeholder, `${index}`)),
      ).flat();
    },
    [line],
  );
}
