import type { SwarmKeys } from './private-swarm.ts';

const PATTERN = /^shoal\/private\/[0-9a-f]{64}$/;

/** What outsiders see of a topic of a private swarm. */
export function privateTopic(keys: Pick<SwarmKeys, 'outsideName'>, topic: string): string {
  return `shoal/private/${keys.outsideName(topic)}`;
}

export function isPrivateTopic(topic: string): boolean {
  return PATTERN.test(topic);
}
