import { installConsole } from '../app/console.ts';
import { SwarmApp } from '../app/swarm-app.ts';
import { renderApp } from './app.tsx';
import { loadRest } from './load-rest.ts';

const app = new SwarmApp();
renderApp(document.getElementById('app')!, app);
installConsole(app);
// A tab that closes says goodbye, so that nobody waits for its silence to be noticed.
addEventListener('pagehide', () => void app.session?.node?.membership.leave());
await app.start();
loadRest(() => app.loadRest());
