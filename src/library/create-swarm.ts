import { log } from '../core/log.ts';
import type { Swarm, SwarmOptions } from './swarm.ts';

/**
 * Takes part in a swarm: connects this tab to the others of an invite link. It asks as a guest, and serves once it joins.
 *
 * @example
 * ```ts
 * import { createSwarm } from 'shoal';
 *
 * const swarm = await createSwarm({ invite: 'https://shoal.example/#m=…' });
 * void swarm.join('auto');
 * const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];
 * for await (const chunk of await swarm.engine.chat.completions.create({ messages, stream: true }))
 *   console.log(chunk.choices[0]?.delta.content ?? '');
 * ```
 * @throws ShoalError `bad-request` (no invite link), `insecure-context`, `model-unavailable` (the server is away, or lets
 * no page of this origin in), `peer-unreachable`, `aborted`
 */
export async function createSwarm(options: SwarmOptions): Promise<Swarm> {
  log.print('warn');
  // Connections, torrents and their libraries: most of the code, and of no use to an engine by itself.
  const { openSwarm } = await import('./swarm/open-swarm.ts');
  return openSwarm(options);
}
