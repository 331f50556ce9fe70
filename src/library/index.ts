/**
 * Shoal in another page: a swarm of tabs by its invite link, or a model in this tab alone; both by WebLLM's interface.
 *
 * @packageDocumentation
 */
export { useWorkersFrom } from '../../workers/packed/workers-url.ts';
export type { MemberRow, ModelSummary, ShardRow, SwarmSummary } from '../app/app-model.ts';
export { type ErrorCode, ShoalError } from '../core/errors.ts';
export type { RouteEvent } from '../swarm/coordinator/route-event.ts';
export { createEngine, deleteModel, type EngineSource } from './create-engine.ts';
export { createSwarm } from './create-swarm.ts';
export type { Engine } from './engine.ts';
export type { RunnerWishes } from './runner-wishes.ts';
export type { LendWishes, Swarm, SwarmEvents, SwarmOptions } from './swarm.ts';
