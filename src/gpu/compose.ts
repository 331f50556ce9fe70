/**
 * One shader text from parts: constants, then each part, its lines unrolled. With `{T: 8}` the text has `const T = 8u;`,
 * and a line that holds `{t}` stands for eight lines with 0 … 7 in its place. Registers need names: an indexed array
 * would live in memory.
 */
export function composeShader(parts: readonly string[], unrolled: Readonly<Record<string, number>> = {}): string {
  const constants = Object.entries(unrolled).map(([name, count]) => `const ${name} = ${count}u;`);
  const lines = parts.flatMap((part) => part.split('\n'));
  return [...constants, ...lines.flatMap((line) => unrollLine(line, Object.entries(unrolled)))].join('\n');
}

function unrollLine(line: string, unrolled: readonly (readonly [string, number])[]): string[] {
  return unrolled.reduce(
    (lines, [name, count]) => {
      const placeholder = `{${name.toLowerCase()}}`;
      if (!line.includes(placeholder)) return lines;
      return Array.from({ length: count }, (_, index) =>
        lines.map((text) => text.replaceAll(placeholder, `${index}`)),
      ).flat();
    },
    [line],
  );
}
