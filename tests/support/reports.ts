// What the reports of the test runners say.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A line each: where it stands, what it is called and how it failed. */
  readonly failures: readonly string[];
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

interface PlaywrightReport {
  readonly suites: readonly PlaywrightSuite[];
  readonly errors: readonly { readonly message?: string }[];
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}

interface PlaywrightSuite {
  readonly file: string;
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs: readonly {
    readonly title: string;
    readonly line: number;
    readonly tests: readonly {
      readonly status: string;
      readonly results: readonly { readonly error?: { readonly message?: string } }[];
    }[];
  }[];
}

/** @returns what vitest's JSON report counts, or undefined where there is none */
export function readVitestReport(path: string): Counts | undefined {
  const report = readJson<VitestReport>(path);
  if (!report) return undefined;
  const failures: string[] = [];
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative('.', name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const test of failed) failures.push(`${file} > ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
    if (status === 'failed' && failed.length === 0) failures.push(`${file}: ${firstLine(message)}`);
  }
  return {
    passed: report.numPassedTests,
    failed: Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0),
    skipped: report.numPendingTests,
    failures,
  };
}

/** Tests that passed only when tried again count as passed, and are told. @returns as for vitest's report */
export function readPlaywrightReport(path: string): Counts | undefined {
  const report = readJson<PlaywrightReport>(path);
  if (!report) return undefined;
  const told = report.suites.flatMap(troubleIn);
  for (const { status, line } of told) if (status === 'flaky') console.log(`passed only when tried again: ${line}`);
  return {
    passed: report.stats.expected + report.stats.flaky,
    failed: report.stats.unexpected,
    skipped: report.stats.skipped,
    failures: [
      ...told.filter(({ status }) => status === 'unexpected').map(({ line }) => line),
      ...report.errors.map(({ message }) => firstLine(message)),
    ],
  };
}

function troubleIn({ file, specs, suites }: PlaywrightSuite): { status: string; line: string }[] {
  const own = specs.flatMap(({ title, line, tests }) =>
    tests
      .filter(({ status }) => status === 'unexpected' || status === 'flaky')
      .map(({ status, results }) => {
        const message = results.find(({ error }) => error)?.error?.message;
        return { status, line: `${file}:${line} > ${title}: ${firstLine(message)}` };
      }),
  );
  return [...own, ...(suites ?? []).flatMap(troubleIn)];
}

function readJson<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

/** @returns the first line of what was said, without colours, at most 300 characters of it */
function firstLine(message = 'no message'): string {
  const lines = stripVTControlCharacters(message).split('\n');
  return (lines.find((line) => line.trim()) ?? '').slice(0, 300);
}
