import { installConsole } from '../app/console.ts';
import { SwarmApp } from '../app/swarm-app.ts';
import { REAL_WORLD } from '../app/world.ts';
import { nextTask } from '../core/next-task.ts';
import { SwarmNode } from '../swarm/node.ts';
import { ShardKeeper } from '../swarm/shards/shard-keeper.ts';
import { renderApp } from './app.tsx';
import { loadRest } from './load-rest.ts';
import { takeUpdate } from './take-update.ts';

const { search } = location;
const simulated = isSecureContext && new URLSearchParams(search).has('simulate');
const openSimulation = async () => {
  const { openSimulatedWorld } = await import('../app/simulated-world.ts');
  return openSimulatedWorld(search, { SwarmNode, ShardKeeper });
};
const world = simulated ? await openSimulation() : REAL_WORLD;
const app = new SwarmApp(world);
installConsole(app);
// The browser asks in its own words; the page says which shards only it has.
addEventListener('beforeunload', (event) => {
  if (app.answersNeedIt()) event.preventDefault();
});
window.addEventListener('vite:preloadError', ({ payload }) => app.tellMissingCode(payload));
// A tab that closes says goodbye, so that nobody waits for its silence to be noticed.
addEventListener('pagehide', () => void app.session?.node?.membership.leave());
// The code is evaluated, the page drawn and the swarm met in a task each: a click waits for one of them at most.
await nextTask();
const page = await renderApp(document.getElementById('app')!, app);
await nextTask();
await app.start();
const onUpdate = () => {
  app.tellUpdate();
  takeUpdate(() => app.isQuiet() && !page.hasDraft);
};
loadRest(() => app.loadRest(), simulated ? undefined : onUpdate);
