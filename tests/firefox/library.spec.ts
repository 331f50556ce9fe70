import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type {} from '../../src/library/chat-element.ts';
import type * as shoal from '../../src/library/index.ts';
import { type PackedLibrary, packLibrary } from '../e2e/support/packed-library.ts';
import { type StaticSite, serveFiles } from '../e2e/support/static-site.ts';
import { expectSwarmReady, openTab, type Tab } from '../e2e/support/tab.ts';
import { startTinyServer, type TinyServer } from '../e2e/support/tiny-server.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { Firefox, type FirefoxTab } from './support/firefox.ts';

// The library from its tarball, in another site's page, in Firefox.

/** What every engine is asked. */
const ASKED = { messages: [{ role: 'user' as const, content: 'Hello!' }], temperature: 0, max_tokens: 12 };
const LIBRARY = '/node_modules/shoal/dist';
const MODEL = { type: 'Q4_1' } as const;

let library: PackedLibrary;
let site: StaticSite;
let server: TinyServer;
let node: Tab;
let invite: string;
let expected: string;
let firefox: Firefox;
let tab: FirefoxTab;

test.beforeAll(async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-firefox-'));
  writeFileSync(join(folder, 'blank.html'), '<!doctype html><title>Blank</title>');
  writeFileSync(join(folder, 'tiny.gguf'), makeTinyModel(MODEL));
  site = await serveFiles(folder);
  [library, server] = await Promise.all([packLibrary(folder), startTinyServer(['--allow-origin', site.origin], MODEL)]);
  node = await openTab(browser, server.url);
  invite = (await node.page.getByTestId('invite-link').getAttribute('href'))!;
  await node.page.getByTestId('run-all').click();
  await expectSwarmReady(node.page);
  expected = await node.page.evaluate(async (asked) => {
    const { choices } = await window.shoal.engine.chat.completions.create(asked);
    return choices[0]!.message.content!;
  }, ASKED);
  firefox = await Firefox.launch();
  tab = await firefox.openPlainTab(`${site.origin}/blank.html`);
});

test.afterAll(async () => {
  await firefox?.close();
  await node?.context.close();
  await server?.stop();
  await site?.close();
  library?.remove();
});

test('a program asks a swarm, serves all of it, and leaves', async () => {
  const seen = await tab.page.evaluate(
    async ({ url, invite, asked }) => {
      const { createSwarm }: typeof shoal = await import(url);
      const swarm = await createSwarm({ invite, name: 'A program' });
      await swarm.ready(AbortSignal.timeout(120_000));
      const ask = async () => (await swarm.engine.chat.completions.create(asked)).choices[0]!.message.content;
      const answers = [await ask()];
      await swarm.join('all');
      const ready = swarm.shards.filter(({ state }) => state === 'ready').length;
      answers.push(await ask());
      await swarm.leave();
      const { role } = swarm.summary;
      await swarm.close();
      return { answers, ready, role };
    },
    { url: `${LIBRARY}/index.js`, invite, asked: ASKED },
  );
  expect(seen).toEqual({ answers: [expected, expected], ready: 4, role: 'guest' });
});

test('an engine by itself answers from a file by its address', async () => {
  const answer = await tab.page.evaluate(
    async ({ url, asked }) => {
      const { createEngine }: typeof shoal = await import(url);
      const engine = await createEngine({ url: '/tiny.gguf' });
      const { choices } = await engine.chat.completions.create(asked);
      await engine.unload();
      return choices[0]!.message.content;
    },
    { url: `${LIBRARY}/index.js`, asked: ASKED },
  );
  expect(answer).toBe(expected);
});

test('the chat element answers', async () => {
  const messages = await tab.page.evaluate(
    async ({ url, invite }) => {
      await import(url);
      const element = document.createElement('shoal-chat');
      element.setAttribute('invite', invite);
      document.body.append(element);
      await element.send('Hello!');
      return element.messages.map(({ role, content }) => ({ role, said: content !== '' }));
    },
    { url: `${LIBRARY}/chat-element.js`, invite },
  );
  expect(messages).toEqual([
    { role: 'user', said: true },
    { role: 'assistant', said: true },
  ]);
});
