import type { ShoalConsole } from '../api/index.ts';
import { ShoalError } from '../core/errors.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { SwarmApp } from './swarm-app.ts';

/** Puts `window.shoal` in place: what scripts, tests and the curious drive this tab by. */
export function installConsole(app: SwarmApp): void {
  const node = (): SwarmNode => {
    const connected = app.session?.node;
    if (!connected) throw new ShoalError('peer-unreachable', 'This tab is not connected to the swarm yet.');
    return connected;
  };
  const shoal: ShoalConsole = {
    get peerId() {
      return app.session?.node?.peerId ?? '';
    },
    peers: () => node().membership.members(),
    command: (peerId, command, params) => node().commands.send(peerId, command, params),
    engine: app.engine,
    get lap() {
      return app.lap.value;
    },
    stats: () => node().commands.send(node().peerId, 'GET_STATS', undefined),
    transfers: () => app.session?.store.transfers() ?? [],
    verify: async () => {
      await app.verify();
      return app.checks.value;
    },
  };
  window.shoal = shoal;
}
