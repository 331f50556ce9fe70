import type { RouteEvent } from '../../../src/swarm/coordinator/route-event.ts';
import { DEFAULT_SAMPLING } from '../../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../../src/swarm/node.ts';
import type { Wait } from '../../../src/swarm/route/wait.ts';
import { TestSwarm } from './test-swarm.ts';

export interface AnswerOptions {
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly conversation?: string;
  readonly lasting?: boolean;
  readonly onWait?: (wait: Wait | undefined) => void;
  /** Called after the third token. @param route - the peers of its lap */
  readonly then?: ((route: readonly string[]) => unknown) | undefined;
  /** Called after each token. @param count - of tokens so far @param route - the peers of its lap */
  readonly onToken?: ((count: number, route: readonly string[]) => unknown) | undefined;
}

export interface Answer {
  readonly ids: readonly number[];
  /** The peers of the last lap. */
  readonly route: readonly string[];
  /** What happened to the tab's routes meanwhile. */
  readonly events: readonly RouteEvent[];
}

/** Token ids of a prompt, the same each time. */
export function promptOf(length: number): number[] {
  return Array.from({ length }, (_, index) => (index * 37) % 500);
}

/** One answer of the tab, greedily sampled. */
export async function answerOf(node: SwarmNode, { then, onToken, ...request }: AnswerOptions): Promise<Answer> {
  const ids: number[] = [];
  const events: RouteEvent[] = [];
  let route: readonly string[] = [];
  const stop = node.coordinator.onRoute((event) => events.push(event));
  const rest = { stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 };
  try {
    for await (const { id, lap } of node.coordinator.generate({ ...request, ...rest })) {
      ids.push(id);
      route = lap.stages.map(({ peerId }) => peerId);
      if (ids.length === 3) await then?.(route);
      await onToken?.(ids.length, route);
    }
  } finally {
    stop();
  }
  return { ids, route, events };
}

/** The tokens that one node which holds everything answers. */
export async function alone(options: AnswerOptions): Promise<readonly number[]> {
  const whole = await TestSwarm.create([[0, 1, 2, 3]]);
  try {
    return (await answerOf(whole.guest, options)).ids;
  } finally {
    await whole.close();
  }
}
