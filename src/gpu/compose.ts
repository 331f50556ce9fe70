/**
 * One shader text from parts, unrolled: with `{t: 8}` a line that holds `{t}` stands for eight lines with 0 … 7 in its
 * place, and what is between `// each t` and `// end` for eight copies of it. Registers need names: an indexed array
 * would live in memory.
 */
export function composeShader(parts: readonly string[], unrolled: Readonly<Record<string, number>> = {}): string {
  return unroll(parts.join('\n').split('\n'), unrolled).join('\n');
}

const EACH = /^\s*\/\/ each (\w)$/;
const END = /^\s*\/\/ end$/;

function unroll(lines: readonly string[], unrolled: Readonly<Record<string, number>>): string[] {
  const out: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const name = EACH.exec(line)?.[1];
    if (name === undefined) {
      out.push(...unrollLine(line, unrolled));
      continue;
    }
    const end = endOfBlock(lines, index);
    const block = lines.slice(index + 1, end);
    for (let copy = 0; copy < unrolled[name]!; copy++) {
      out.push(
        ...unroll(
          block.map((text) => text.replaceAll(`{${name}}`, `${copy}`)),
          unrolled,
        ),
      );
    }
    index = end;
  }
  return out;
}

function endOfBlock(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let index = start; index < lines.length; index++) {
    if (EACH.test(lines[index]!)) depth++;
    if (END.test(lines[index]!) && --depth === 0) return index;
  }
  throw new RangeError(`"${lines[start]!.trim()}" lacks its "// end"`);
}

function unrollLine(line: string, unrolled: Readonly<Record<string, number>>): string[] {
  return Object.entries(unrolled).reduce(
    (lines, [name, count]) => {
      const placeholder = `{${name}}`;
      if (!line.includes(placeholder)) return lines;
      return Array.from({ length: count }, (_, copy) =>
        lines.map((text) => text.replaceAll(placeholder, `${copy}`)),
      ).flat();
    },
    [line],
  );
}
