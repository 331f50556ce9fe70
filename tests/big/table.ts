export interface TableRow {
  readonly what: string;
  readonly unit: string;
  readonly cells: readonly (number | undefined)[];
}

/** Prints rows as Markdown, as `bench/by-hand.md` takes them. */
export function printTable(columns: readonly string[], rows: readonly TableRow[]): void {
  console.log(`|  | ${columns.join(' | ')} | unit |`);
  console.log(`| --- | ${columns.map(() => '---:').join(' | ')} | --- |`);
  for (const { what, unit, cells } of rows) {
    const texts = columns.map((_, index) => {
      const cell = cells[index];
      return cell === undefined || Number.isNaN(cell) ? '' : String(Number(cell.toPrecision(3)));
    });
    console.log(`| ${what} | ${texts.join(' | ')} | ${unit} |`);
  }
}
