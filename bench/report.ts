import type { Distribution } from './support/measure.ts';

/** What was measured on. */
export interface Conditions {
  readonly runner: string;
  readonly browser: string;
  readonly cpu: string;
  /** Processes that wanted to run when the benchmark began, on average of a minute: what else the machine was doing. */
  readonly load: number;
  readonly model: string;
}

/** One thing measured in the ways that the columns name. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  /** One for each column; the last may be left out where there is nothing to compare. */
  readonly cells: readonly (Distribution | number | undefined)[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** A table, or a section that is Markdown already. */
export type Section = Table | string;

export function preformatted(title: string, text: string): string {
  return [`## ${title}`, '', '```', text.trimEnd(), '```', ''].join('\n');
}

/** The report as Markdown. */
export function formatReport(conditions: Conditions, sections: readonly Section[]): string {
  const { runner, browser, cpu, load, model } = conditions;
  return [
    '# Results of `npm run bench`',
    '',
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Layers run on: ${runner}`,
    `- Browser: ${browser}`,
    `- CPU: ${cpu}; load average before the start ${load.toFixed(1)}`,
    `- Model: ${model}`,
    '- All tabs run in one browser on this one machine and share its processors.',
    '',
    'Each figure is a median, and in brackets the width of the middle half of the samples.',
    '',
    ...sections.map((section) => (typeof section === 'string' ? section : formatTable(section))),
  ].join('\n');
}

/** A table as Markdown, under its title. */
function formatTable({ title, columns, rows }: Table): string {
  return [
    `## ${title}`,
    '',
    line(['', ...columns, 'unit']),
    line(['---', ...columns.map(() => '---:'), '---']),
    ...rows.map(({ what, cells, unit }) => line([what, ...columns.map((_, index) => formatCell(cells[index])), unit])),
    '',
  ].join('\n');
}

function formatCell(cell: Distribution | number | undefined): string {
  if (cell === undefined) return '';
  // Three digits say all that such a measurement can.
  if (typeof cell === 'number') return `${Number(cell.toPrecision(3))}`;
  const { median, spread } = cell;
  return `${Number(median.toPrecision(3))} (${Number(spread.toPrecision(2))})`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
