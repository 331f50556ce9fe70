import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CHURN_SWARM, type ChurnOptions, type ChurnReport } from '../tests/swarm/support/churn.ts';
import type { Table } from './report.ts';
import { quantileOf } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';

const RUN = join(import.meta.dirname, 'support/scale-run.ts');
const SEED = 1;

/** Many nodes in memory and in simulated time, of which one goes and one comes every second, under constant prompts. */
export async function benchScale({ scale }: Plan): Promise<Table> {
  const { nodes, sessions, seconds } = scale;
  announceStep(`${nodes} nodes in memory`);
  const { answers, tokens, wrong, failures, pausesMs, routing, heapBytes } = await churn({
    ...CHURN_SWARM,
    ...scale,
    seed: SEED,
  });
  const row = (what: string, value: number, unit: string) => ({ what, unit, cells: [value] });
  const mib = (bytes: number) => bytes / 2 ** 20;
  return {
    title: `In memory: ${nodes} nodes, ${sessions} conversations, a leave and a join a second for ${seconds} s`,
    columns: ['figure'],
    rows: [
      row('Answers', answers, ''),
      row('Of them wrong', wrong.length, ''),
      row('Of them failed, or longer than a minute', failures.length, ''),
      row('Longest pause of an answer, median', quantileOf(pausesMs, 0.5) / 1000, 's simulated'),
      row('Longest pause of an answer, 99 % within', quantileOf(pausesMs, 0.99) / 1000, 's simulated'),
      row('Routing, a token', (1000 * (routing.planMs + routing.lookMs)) / tokens, 'µs'),
      row('Heap in the middle', mib(heapBytes[heapBytes.length >> 1]!), 'MiB'),
      row('Heap at the end', mib(heapBytes.at(-1)!), 'MiB'),
    ],
  };
}

async function churn(options: ChurnOptions): Promise<ChurnReport> {
  const child = fork(RUN, [JSON.stringify(options)], { stdio: 'ignore' });
  const reported: Promise<ChurnReport[]> = once(child, 'message');
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`The swarm in memory ended with status ${status} and no report.`);
  });
  const [report] = await Promise.race([reported, ended]);
  return report!;
}
