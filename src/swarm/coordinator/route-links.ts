import type { RouteStage } from '../../protocol/frames.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

/** The routes of a session: one, or the old and the new while it moves. */
export type Routes = readonly (readonly RouteStage[])[];

/** Between whom a stage stands on the session's routes. The first hears the coordinator. */
export function neighboursOf(
  stage: RouteStage,
  routes: Routes,
  coordinator: string,
): { before: string[]; after: string[] } {
  const before = new Set<string>();
  const after = new Set<string>();
  for (const route of routes) {
    const place = route.findIndex((other) => sameStage(other, stage));
    if (place < 0) continue;
    before.add(route[place - 1]?.peerId ?? coordinator);
    const next = route[place + 1];
    if (next) after.add(next.peerId);
  }
  return { before: [...before], after: [...after] };
}

/**
 * Tells stages that are open already between whom they stand now.
 * @throws ShoalError `unknown-session`, `limit-exceeded`, `peer-gone`, `peer-unreachable`, `aborted`
 */
export async function linkStages(
  { exchange, commands }: PipelineDependencies,
  session: string,
  stages: readonly RouteStage[],
  routes: Routes,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    stages.map((stage) => {
      const place = { session, layers: stage.layers, ...neighboursOf(stage, routes, exchange.peerId) };
      return commands.send(stage.peerId, 'LINK_SESSION', place, signal);
    }),
  );
}

/** The stages right before and after any of these on the route, but for these. */
export function borderOf(stages: readonly RouteStage[], route: readonly RouteStage[]): RouteStage[] {
  return route.filter(
    (stage, place) =>
      !stages.includes(stage) && (stages.includes(route[place - 1]!) || stages.includes(route[place + 1]!)),
  );
}

/** A stage's place on any route. */
export function nameOf({ peerId, layers }: RouteStage): string {
  return `${peerId} ${layers.start} ${layers.end}`;
}

function sameStage(one: RouteStage, other: RouteStage): boolean {
  return nameOf(one) === nameOf(other);
}
