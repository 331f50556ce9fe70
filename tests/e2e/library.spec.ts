import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, type Page, test } from '@playwright/test';
import { build } from 'esbuild';
import { encodeEntry } from '../../src/gguf/write.ts';
import type {} from '../../src/library/chat-element.ts';
import type * as shoal from '../../src/library/index.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { auditPage } from './support/axe.ts';
import { type PackedLibrary, packLibrary, run, runTool } from './support/packed-library.ts';
import { type PrivateServer, startPrivateServer } from './support/private-server.ts';
import { type StaticSite, serveFiles } from './support/static-site.ts';
import { expectSwarmReady, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';
import { buildWebLlmExample, WEB_LLM_EXAMPLES, type WebLlmExampleName } from './support/web-llm-examples.ts';

// The library from its tarball, in other people's pages: without a bundler, and with each that they use.

test.describe.configure({ mode: 'default' });

/** Answers the same to the same, also where an example says nothing of a temperature. */
const GREEDY = {
  type: 'Q4_1',
  metadata: { 'general.sampling.temp': encodeEntry('general.sampling.temp', 'f32', 0) },
} as const;

let library: PackedLibrary;
/** Everything of the packed folder, on a site of its own. */
let site: StaticSite;
let server: TinyServer;
let node: Tab;
let invite: string;
let modelFile: string;
/** What bundlers and compilers make of the examples, all begun as soon as the library is packed. */
let built: Readonly<Record<'react' | 'webpack' | 'panel' | WebLlmExampleName, Promise<string>>>;
let compiled: Promise<string>;
/** An extension's pages, in whose place a site with its content policy stands, and a server of their own. */
let panel: StaticSite;
let panelServer: TinyServer;
let hidden: PrivateServer;

test.beforeAll(async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-packed-'));
  // Servers start while the library is built.
  const packing = packLibrary(folder);
  packing.catch(() => undefined);
  writeFileSync(join(folder, 'blank.html'), '<!doctype html><title>Blank</title>');
  modelFile = join(folder, 'tiny.gguf');
  writeFileSync(modelFile, makeTinyModel(GREEDY));
  site = await serveFiles(folder);
  panel = await serveFiles(join(folder, 'side-panel/dist'), {
    'Content-Security-Policy': JSON.parse(readFileSync('examples/side-panel/manifest.json', 'utf8'))
      .content_security_policy.extension_pages,
  });
  [server, panelServer, hidden] = await Promise.all([
    startTinyServer(['--allow-origin', site.origin], GREEDY),
    startTinyServer(['--allow-origin', panel.origin], GREEDY),
    startPrivateServer(['--private', '--allow-origin', site.origin], 'hidden', { type: 'Q4_1' }),
  ]);
  node = await openTab(browser, server.url);
  invite = (await node.page.getByTestId('invite-link').getAttribute('href'))!;
  await node.page.getByTestId('run-all').click();
  await expectSwarmReady(node.page);
  library = await packing;
  library.example('page');
  built = buildExamples();
  compiled = compileExamples();
  // Told by the test that waits for it.
  for (const each of [...Object.values(built), compiled]) each.catch(() => undefined);
});

test.afterAll(async () => {
  await node?.context.close();
  await Promise.allSettled([...Object.values(built ?? {}), compiled]);
  const statuses = await Promise.all([server, panelServer, hidden].map((each) => each?.stop()));
  await Promise.all([site, panel].map((each) => each?.close()));
  library?.remove();
  expect(statuses[0]).toBe(0);
});

test('the tarball holds the library and nothing else, and depends on nothing', () => {
  const manifest = JSON.parse(readFileSync(join(library.folder, 'node_modules/shoal/package.json'), 'utf8'));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(manifest.version).toBe(version);
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
  const others = library.files.filter((path) => !/^(dist\/|package\.json$|README\.md$|LICENSE$)/.test(path));
  expect(others).toEqual([]);
  expect(library.files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
});

test('a page of another site, without a bundler, is a guest of the swarm', async ({ page }) => {
  await page.goto(`${site.origin}/page/`);
  await page.getByLabel('Invite link').fill(invite);
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.locator('output')).not.toBeEmpty({ timeout: 60_000 });
});

/** What programs ask the same of every engine. */
const ASKED = { messages: [{ role: 'user' as const, content: 'Hello!' }], temperature: 0, max_tokens: 12 };

/** The answer of the server's own page. */
function expected(): Promise<string> {
  return node.page.evaluate(async (asked) => {
    const { choices } = await window.shoal.engine.chat.completions.create(asked);
    return choices[0]!.message.content!;
  }, ASKED);
}

/** Where a page without a bundler imports the library from, in this site's folder. */
const LIBRARY = '/node_modules/shoal/dist/index.js';

async function openBlank(page: Page): Promise<void> {
  await page.goto(`${site.origin}/blank.html`);
}

test('a program joins, answers as the swarm does, tells who is there, and leaves', async ({ page }) => {
  const whole = await expected();
  await openBlank(page);
  const seen = await page.evaluate(
    async ({ url, invite, asked }) => {
      const { createSwarm }: typeof shoal = await import(url);
      const swarm = await createSwarm({ invite, name: 'A program' });
      let changes = 0;
      swarm.on('change', () => changes++);
      await swarm.ready(AbortSignal.timeout(60_000));
      const answer = (await swarm.engine.chat.completions.create(asked)).choices[0]!.message.content;
      const schema = JSON.stringify({ type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] });
      const format = { type: 'json_object' as const, schema };
      const structured = await swarm.engine.chat.completions.create({
        ...asked,
        max_tokens: 60,
        response_format: format,
      });
      await swarm.join('all');
      const joined = { role: swarm.summary.role, names: swarm.members.map(({ name }) => name) };
      const ready = swarm.shards.filter(({ state }) => state === 'ready').length;
      await swarm.leave();
      const left = { role: swarm.summary.role, ready: swarm.shards.filter(({ state }) => state === 'ready').length };
      await swarm.close();
      return { answer, json: structured.choices[0]!.message.content!, joined, ready, left, changes };
    },
    { url: LIBRARY, invite, asked: ASKED },
  );
  expect(seen.answer).toBe(whole);
  expect(JSON.parse(seen.json)).toEqual({ ok: expect.any(Boolean) });
  expect(seen.joined).toMatchObject({ role: 'node', names: expect.arrayContaining(['A program']) });
  expect(seen.ready).toBe(4);
  expect(seen.left).toEqual({ role: 'guest', ready: 0 });
  expect(seen.changes).toBeGreaterThan(0);
});

test('a page that the server does not let in is told how its operator lets it in', async ({ page }) => {
  const stranger = await serveFiles(library.folder);
  try {
    await page.goto(`${stranger.origin}/blank.html`);
    const failed = await page.evaluate(
      async ({ url, invite }) => {
        const { createSwarm }: typeof shoal = await import(url);
        return createSwarm({ invite }).then(
          () => undefined,
          ({ code, message }: shoal.ShoalError) => ({ code, message }),
        );
      },
      { url: LIBRARY, invite },
    );
    expect(failed?.code).toBe('model-unavailable');
    expect(failed?.message).toContain(`--allow-origin ${stranger.origin}`);
  } finally {
    await stranger.close();
  }
});

test('a private swarm takes a program in by its link: guests ask, members serve too', async ({ page }) => {
  await openBlank(page);
  const seen = await page.evaluate(
    async ({ url, links, asked }) => {
      const { createSwarm }: typeof shoal = await import(url);
      const [member, guest] = await Promise.all(links.map((invite) => createSwarm({ invite })));
      const refused = await guest!.join('all').catch(({ code }: shoal.ShoalError) => code);
      await member!.join('all');
      const answers = [];
      for (const { engine } of [member!, guest!])
        answers.push((await engine.chat.completions.create(asked)).choices[0]!.message.content);
      await Promise.all([guest!.close(), member!.close()]);
      return { refused, answers, hash: location.hash, name: member!.model.name };
    },
    { url: LIBRARY, links: [hidden.member, hidden.guest].map((part) => `${hidden.url}/#${part}`), asked: ASKED },
  );
  expect(seen).toMatchObject({ refused: 'not-admitted', hash: '', name: 'hidden' });
  expect(seen.answers[0]!.length).toBeGreaterThan(0);
  expect(seen.answers[1]).toBe(seen.answers[0]);
});

for (const runner of ['cpu', 'webgpu'] as const) {
  test(`an engine by itself (${runner}) downloads its model once, answers the same, and is unloaded`, async ({
    page,
  }) => {
    const whole = await expected();
    await openBlank(page);
    const ask = () =>
      page.evaluate(
        async ({ url, runner, asked }) => {
          const { createEngine }: typeof shoal = await import(url);
          const progress: number[] = [];
          const engine = await createEngine({
            url: '/tiny.gguf',
            runner,
            onProgress: (report) => progress.push(report.progress),
          });
          const { choices } = await engine.chat.completions.create(asked);
          await engine.unload();
          const again = await engine.chat.completions.create(asked).then(
            () => undefined,
            (error: Error) => error.message,
          );
          return { answer: choices[0]!.message.content, progress, again };
        },
        { url: LIBRARY, runner, asked: ASKED },
      );
    const first = await ask();
    expect(first.answer).toBe(whole);
    expect(first.progress.at(-1)).toBe(1);
    expect(first.progress).toEqual([...first.progress].sort((a, b) => a - b));
    expect(first.again).toContain('unloaded');
    await expect.poll(() => page.workers().length).toBe(0);
    await page.route('**/tiny.gguf', (route) => route.abort());
    expect((await ask()).answer).toBe(whole);
  });
}

test('of another origin, as from a CDN, the library starts its workers all the same', async ({ page }) => {
  const elsewhere = await serveFiles(library.folder, { 'Access-Control-Allow-Origin': '*' });
  try {
    const whole = await expected();
    await openBlank(page);
    const answer = await page.evaluate(
      async ({ url, asked }) => {
        const { createEngine }: typeof shoal = await import(url);
        const engine = await createEngine({ url: '/tiny.gguf', runner: 'cpu' });
        return (await engine.chat.completions.create(asked)).choices[0]!.message.content;
      },
      { url: `${elsewhere.origin}${LIBRARY}`, asked: ASKED },
    );
    expect(answer).toBe(whole);
  } finally {
    await elsewhere.close();
  }
});

test('a React app that Vite builds runs a file of the person, and its types hold', async ({ page }) => {
  const app = await serveFiles(join(await built.react, 'dist'));
  try {
    await page.goto(app.origin);
    await page.locator('input[type=file]').setInputFiles(modelFile);
    await expect(page.locator('p')).toContainText('tiny is ready', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Ask' }).click();
    await expect(page.locator('output')).not.toBeEmpty({ timeout: 60_000 });
  } finally {
    await app.close();
  }
});

test('webpack bundles the chat element, which is accessible and answers', async ({ page }) => {
  await openChat(page, invite);
  const prompt = page.getByLabel('Your message');
  await prompt.fill('Hello!');
  await prompt.press('Enter');
  const messages = page.getByRole('log').locator('[part~=message]');
  await expect(messages).toHaveCount(2, { timeout: 60_000 });
  await expect(messages.first()).toContainText('Hello!');
  await expect.poll(() => chatState(page), { timeout: 60_000 }).toBe('ready');
  const told = await page.evaluate(() => document.querySelector('shoal-chat')!.messages.map(({ role }) => role));
  expect(told).toEqual(['user', 'assistant']);
  expect(await auditPage(page)).toEqual([]);
});

test('the chat element is stopped by its button and by Escape, and says what went wrong', async ({ page }) => {
  await openChat(page, 'https://shoal.example/#m=no');
  await expect(page.getByRole('status')).toContainText('damaged');
  expect(await chatState(page)).toBe('error');
  await page.evaluate((link) => document.querySelector('shoal-chat')!.setAttribute('invite', link), invite);
  await expect.poll(() => chatState(page), { timeout: 60_000 }).toBe('ready');
  // An answer without an end, by an engine that does not even hear.
  await page.evaluate(() => {
    async function* create() {
      for (let token = 0; ; token++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield { choices: [{ delta: { content: `${token} ` } }] };
      }
    }
    const chat = document.querySelector('shoal-chat')!;
    chat.engine = { chat: { completions: { create } }, interruptGenerate: () => undefined } as never;
  });
  for (const stop of [() => page.getByRole('button', { name: 'Stop' }).click(), () => page.keyboard.press('Escape')]) {
    await page.getByLabel('Your message').fill('Tell me everything.');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.locator('[part~=assistant]').last()).toContainText('3 ', { timeout: 60_000 });
    await page.getByLabel('Your message').focus();
    await stop();
    await expect.poll(() => chatState(page)).toBe('ready');
  }
});

test('the chat element runs a file by its address, or an engine of the program, and forgets', async ({ page }) => {
  await openBlank(page);
  await page.evaluate(
    async (url) => {
      await import(url);
      const chat = document.createElement('shoal-chat');
      chat.setAttribute('url', '/tiny.gguf');
      document.body.append(chat);
    },
    LIBRARY.replace('index', 'chat-element'),
  );
  const prompt = page.getByLabel('Your message');
  const messages = page.getByRole('log').locator('[part~=message]');
  // Asked while the model is still on its way, it waits.
  await prompt.fill('Hello!');
  await prompt.press('Enter');
  await expect(messages.last()).toContainText(/Answer: .+/s, { timeout: 60_000 });
  await expect.poll(() => chatState(page), { timeout: 60_000 }).toBe('ready');
  const seen = await page.evaluate(async () => {
    const chat = document.querySelector('shoal-chat')!;
    chat.clear();
    const asked: unknown[] = [];
    async function* create(request: { messages: unknown[] }) {
      asked.push(...request.messages);
      yield { choices: [{ delta: { content: 'Mine.' } }] };
    }
    chat.setAttribute('system', 'Be brief.');
    chat.engine = { chat: { completions: { create } } } as never;
    await chat.send('Whose are you?');
    return { asked, messages: [...chat.messages] };
  });
  const question = { role: 'user', content: 'Whose are you?' };
  expect(seen.messages).toEqual([question, { role: 'assistant', content: 'Mine.' }]);
  expect(seen.asked).toEqual([{ role: 'system', content: 'Be brief.' }, question]);
  await expect(messages).toHaveCount(2);
  // The file's engine went with its address.
  await expect.poll(() => page.workers().length).toBe(0);
});

test("esbuild bundles an extension's side panel, which keeps to an extension's content policy", async ({ page }) => {
  await built.panel;
  const link = `${panelServer.url}/`;
  await page.goto(`${panel.origin}/panel.html`);
  await page.getByLabel('Invite link').fill(link);
  await page.getByRole('button', { name: 'Enter' }).click();
  await expect.poll(() => chatState(page), { timeout: 60_000 }).toBe('ready');
  await page.evaluate(() => document.querySelector('shoal-chat')!.swarm!.join('all'));
  await page.getByLabel('Your message').fill('Hello!');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('[part~=assistant]').last()).toContainText(/Answer: .+/s, { timeout: 60_000 });
});

for (const name of ['on the page', 'in a worker'] as const) {
  test(`WebLLM's own example ${name} runs over Shoal, one line changed`, async ({ page }) => {
    const app = await serveFiles(join(await built[name], 'dist'));
    try {
      const lines: string[] = [];
      page.on('console', (message) => lines.push(message.text()));
      await page.goto(`${app.origin}/${WEB_LLM_EXAMPLES[name].page}`);
      await expectWebLlmAnswer(page, lines);
    } finally {
      await app.close();
    }
  });
}

test("WebLLM's own example over a service worker runs over Shoal, a line of either file changed", async ({
  launchOptions,
}) => {
  const name = 'over a service worker';
  const app = await serveFiles(join(await built[name], 'dist'));
  // In a profile in memory Chromium has no room for a worker of WebLLM's size.
  const context = await chromium.launchPersistentContext('', { ...launchOptions, serviceWorkers: 'allow' });
  const open = async () => {
    const page = await context.newPage();
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    await page.goto(`${app.origin}/${WEB_LLM_EXAMPLES[name].page}`);
    return { page, lines };
  };
  try {
    // The example's worker answers pages that are opened when it is there.
    const { page: before } = await open();
    await before.evaluate(() => navigator.serviceWorker.ready);
    await before.close();
    const first = await open();
    await expectWebLlmAnswer(first.page, first.lines);
    // Others ask the first page's engine; the next has one itself when that page is gone.
    const second = await open();
    await expectWebLlmAnswer(second.page, second.lines);
    await first.page.close();
    const third = await open();
    await expectWebLlmAnswer(third.page, third.lines);
  } finally {
    await context.close();
    await app.close();
  }
});

test('the examples of the documentation compile as whoever copies them would', async () => {
  await compiled;
});

test('a program in Node answers from a file as the swarm does, prints nothing else, and ends', async () => {
  const folder = library.example('node');
  const answer = await run(process.execPath, ['ask.js', modelFile, 'Hello!'], folder);
  expect(answer.length).toBeGreaterThan(0);
  expect(answer).not.toContain('[SHARD]');
  const program = `import { createEngine } from 'shoal/node';
    const engine = await createEngine({ file: ${JSON.stringify(modelFile)} });
    const { choices } = await engine.chat.completions.create(${JSON.stringify(ASKED)});
    await engine.unload();
    process.stdout.write(choices[0].message.content);`;
  writeFileSync(join(folder, 'exact.js'), program);
  expect(await run(process.execPath, ['exact.js'], folder)).toBe(await expected());
});

test('whoever uses a part of the library bundles that part', async () => {
  const sizeOf = async (code: string, name: string) => {
    const outdir = join(library.folder, name);
    const stdin = { contents: code, resolveDir: library.folder };
    await build({ stdin, bundle: true, minify: true, format: 'esm', outdir, logLevel: 'error' });
    const [file] = readdirSync(outdir);
    return { bytes: statSync(join(outdir, file!)).size, text: readFileSync(join(outdir, file!), 'utf8') };
  };
  const alone = await sizeOf("import { createEngine } from 'shoal'; createEngine({ url: 'a.gguf' });", 'alone');
  const whole = await sizeOf("import { createSwarm } from 'shoal'; createSwarm({ invite: 'a' });", 'whole');
  const nothing = await sizeOf("import { ShoalError } from 'shoal'; console.log(ShoalError);", 'nothing');
  expect(whole.text).toContain('/webrtc');
  expect(alone.text).not.toContain('/webrtc');
  expect(alone.bytes).toBeLessThan(whole.bytes / 2);
  expect(nothing.bytes).toBeLessThan(5000);
});

async function openChat(page: Page, link: string): Promise<void> {
  await built.webpack;
  await page.goto(`${site.origin}/webpack/?invite=${encodeURIComponent(link)}`);
}

/** The example has loaded the model and told its whole answer. */
async function expectWebLlmAnswer(page: Page, lines: readonly string[]): Promise<void> {
  await expect(page.locator('#init-label')).toContainText('is ready', { timeout: 60_000 });
  await expect.poll(() => lines.some((line) => line.startsWith('Final message:')), { timeout: 60_000 }).toBe(true);
  // The words are anybody's guess, even whether they can be seen; how many there were is told.
  expect(lines.join('\n')).toMatch(/completion_tokens: [1-9]/);
}

function chatState(page: Page): Promise<string> {
  return page.evaluate(() => document.querySelector('shoal-chat')!.state);
}

/** Each with the tool of the example. @returns their folders, once they are built */
function buildExamples(): typeof built {
  const after = async (folder: string, ...steps: readonly (() => Promise<string>)[]) => {
    await Promise.all(steps.map((step) => step()));
    return folder;
  };
  const react = library.example('react');
  const vite = (folder: string, ...options: string[]) =>
    runTool('vite/bin/vite.js', ['build', '--logLevel', 'error', ...options], folder);
  const webLlm = (name: WebLlmExampleName) => buildWebLlmExample(library, name, modelFile);
  const webpack = library.example('webpack');
  const sidePanel = library.example('side-panel');
  return {
    react: after(
      react,
      // Of every package, but not of the browser itself.
      () => runTool('typescript/bin/tsc', ['--skipLibCheck', 'false', '--skipDefaultLibCheck'], react),
      () => vite(react),
    ),
    webpack: after(webpack, () => run(process.execPath, ['tests/e2e/support/run-webpack.ts', webpack], process.cwd())),
    panel: after(sidePanel, () => run(process.execPath, ['build.js'], sidePanel)),
    'on the page': webLlm('on the page'),
    'in a worker': webLlm('in a worker'),
    'over a service worker': webLlm('over a service worker'),
  };
}

/** Of the documentation, as a program each. */
function compileExamples(): Promise<string> {
  const folder = library.example('react', 'documentation');
  const dist = join(folder, 'node_modules/shoal/dist');
  const docs = readdirSync(dist).filter((file) => file.endsWith('.d.ts'));
  const blocks = docs.flatMap((file) =>
    [...readFileSync(join(dist, file), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(([, code]) =>
      code!.replace(/^ *\* ?/gm, ''),
    ),
  );
  const js = [readFileSync('README.md', 'utf8'), readFileSync('packages/shoal/README.md', 'utf8')].flatMap((text) =>
    [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!).filter((code) => /from 'shoal['/]/.test(code)),
  );
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  expect(js.length).toBeGreaterThanOrEqual(4);
  for (const [index, code] of [...blocks, ...js].entries())
    writeFileSync(join(folder, `example-${index}.tsx`), `${code}\nexport {};\n`);
  // WebLLM's own types need packages that it does not bring.
  return runTool('typescript/bin/tsc', ['-p', folder, '--skipLibCheck'], folder);
}
