import { expect, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { startPathProxy } from './support/path-proxy.ts';
import { expectSwarmReady, joinWith, openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

// Behind a reverse proxy, below a path: page, models, tracker and relay are all there.

for (const keepsPath of [false, true]) {
  test(`two tabs below /shoal/ make a swarm, where the proxy ${keepsPath ? 'keeps' : 'strips'} the path`, async ({
    browser,
  }) => {
    const proxy = await startPathProxy(keepsPath);
    const server = await startTinyServer(keepsPath ? ['--public-url', proxy.url] : []);
    proxy.target(server.url);
    const sockets: string[] = [];
    const first = await openTab(browser, proxy.url, async (context) => {
      context.on('page', (page) => page.on('websocket', (socket) => sockets.push(socket.url())));
    });
    const link = await first.page.getByTestId('invite-link').getAttribute('href');
    expect(link).toMatch(new RegExp(`^${proxy.url}#m=`));
    const second = await openTab(browser, link!);
    await joinWith(first, [0, 1]);
    await joinWith(second, [2, 3]);
    await expectSwarmReady(second.page);
    expect(await ask(first)).toBe(await ask(second));
    expect(await ask(first)).not.toMatch(/^error/);
    expect(proxy.strays).toEqual([]);
    const base = proxy.url.replace('http', 'ws');
    expect(new Set(sockets)).toEqual(new Set([`${base}relay`, `${base}announce`]));
    await Promise.all([first, second].map(({ context }) => context.close()));
    await server.stop();
    proxy.close();
  });
}
