import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Browser, expect, test } from '@playwright/test';
import OpenAI from 'openai';
import { descendants, killRenderers } from './support/processes.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// `shoal bridge` as a process, over real tabs.

test.describe.configure({ mode: 'serial' });

let server: TinyServer;
let nodes: Tab[];
let bridge: BridgeProcess;
let client: OpenAI;

interface BridgeProcess {
  readonly child: ChildProcess;
  readonly url: string;
  output(): string;
}

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer(['--private']);
  const invite = /Invite: (\S+)/.exec(server.output())![1]!;
  nodes = await Promise.all([openNode(browser, invite, [0, 1]), openNode(browser, invite, [2, 3])]);
  await expectSwarmReady(nodes[0]!.page);
  bridge = await startBridge(invite);
  client = new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });
});

test.afterAll(async () => {
  bridge?.child.kill('SIGTERM');
  await Promise.all((nodes ?? []).map(({ context }) => context.close()));
  await server?.stop();
});

async function openNode(browser: Browser, invite: string, shards: readonly number[]): Promise<Tab> {
  const tab = await openTab(browser, invite);
  await joinWith(tab, shards);
  return tab;
}

/** Runs the command as a person does, and waits until it is ready. */
async function startBridge(...args: string[]): Promise<BridgeProcess> {
  const child = spawn(process.execPath, ['cli/shoal.ts', 'bridge', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      const ready = /Shoal's API is ready: (\S+)/.exec(output);
      if (ready) resolve(ready[1]!);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', (status) => reject(new Error(`The bridge ended with status ${status}:\n${output}`)));
  });
  return { child, url, output: () => output };
}

const ask = (content: string, max_tokens = 24) => ({
  model: 'tiny',
  messages: [{ role: 'user' as const, content }],
  temperature: 0,
  max_tokens,
  // A model of random weights ends where it likes.
  ignore_eos: true,
});

/** What the tab's own engine says. */
const inTab = (content: string) =>
  nodes[0]!.page.evaluate(async (request) => {
    const answer = await window.shoal.engine.chat.completions.create(request);
    return answer.choices[0]!.message.content;
  }, ask(content));

async function read(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  let text = '';
  for await (const { choices } of chunks) text += choices[0]?.delta.content ?? '';
  return text;
}

const streamed = async (content: string): Promise<string> =>
  read(await client.chat.completions.create({ ...ask(content), stream: true }));

const load = async () => (await fetch(new URL('/healthz', bridge.url))).json();

test('streams through it what a tab says, two at once too', async () => {
  const { data } = await client.models.list();
  expect(data.map(({ id }) => id)).toEqual(['tiny']);
  const [one, two] = await Promise.all([streamed('One?'), streamed('Two?')]);
  expect(one).not.toBe(two);
  expect(one).toBe(await inTab('One?'));
  expect(two).toBe(await inTab('Two?'));
  const again = await client.chat.completions.create(ask('One?'));
  expect(again.choices[0]!.message.content).toBe(one);
  expect(again.usage!.prompt_tokens_details!.cached_tokens).toBe(again.usage!.prompt_tokens - 1);
});

const ITEM = {
  type: 'object',
  properties: {
    colour: { enum: ['red', 'green', 'blue'] },
    count: { type: 'integer', minimum: 0, maximum: 20 },
    name: { type: 'string', maxLength: 8 },
  },
  required: ['colour', 'count', 'name'],
  additionalProperties: false,
} as const;

test('answers in JSON of a schema, whatever a model of random weights says', async () => {
  const response_format = { type: 'json_schema', json_schema: { name: 'item', strict: true, schema: ITEM } } as const;
  const request = { ...ask('An item?', 200), response_format };
  const [one, two] = await Promise.all([
    client.chat.completions.create(request),
    client.chat.completions.create({ ...request, temperature: 1, seed: 3 }),
  ]);
  for (const { choices } of [one, two]) {
    expect(choices[0]!.finish_reason).toBe('stop');
    const item = JSON.parse(choices[0]!.message.content!);
    expect(Object.keys(item)).toEqual(['colour', 'count', 'name']);
    expect(ITEM.properties.colour.enum).toContain(item.colour);
    expect(item.count).toBeLessThanOrEqual(20);
    expect([...item.name].length).toBeLessThanOrEqual(8);
  }
  const yes = { type: 'grammar', grammar: 'root ::= "yes" | "no"' } as const;
  const { choices } = await client.chat.completions.create({ ...request, response_format: yes as never });
  expect(['yes', 'no']).toContain(choices[0]!.message.content);
});

test('says what is wrong with a schema, and goes on with others', async () => {
  const schema = (type: string) => ({ type: 'json_schema', json_schema: { name: 'it', schema: { type } } }) as const;
  const wrong = client.chat.completions.create({ ...ask('An item?'), response_format: schema('frob') });
  await expect(wrong).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('Unsupported type "frob"'),
  });
  const { choices } = await client.chat.completions.create({ ...ask('It?'), response_format: schema('boolean') });
  expect(['true', 'false']).toContain(choices[0]!.message.content);
});

test('lets the engine go when a client goes', async () => {
  const stream = await client.chat.completions.create({ ...ask('A long story?', 2000), stream: true });
  for await (const _ of stream) break;
  await expect.poll(load).toMatchObject({ answering: 0 });
  expect(await streamed('One?')).toBe(await inTab('One?'));
});

test('opens a tab again that crashed, and says 503 meanwhile', async () => {
  const stream = await client.chat.completions.create({ ...ask('Another?', 2000), stream: true });
  const failed = expect(read(stream)).rejects.toThrow('tab has crashed');
  await expect.poll(load).toMatchObject({ answering: 1 });
  killRenderers(bridge.child.pid!);
  await failed;
  await expect(client.chat.completions.create(ask('One?'))).rejects.toMatchObject({ status: 503 });
  await expect.poll(load, { timeout: 90_000 }).toMatchObject({ status: 'ok', answering: 0 });
  expect(await streamed('One?')).toBe(await inTab('One?'));
});

test('ends on a signal, with its browser', async () => {
  const browsers = descendants(bridge.child.pid!);
  expect(browsers.length).toBeGreaterThan(0);
  const exited = once(bridge.child, 'exit');
  bridge.child.kill('SIGINT');
  expect((await exited)[0]).toBe(0);
  await expect(fetch(bridge.url)).rejects.toThrow();
  const isThere = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(() => browsers.filter(isThere)).toEqual([]);
});

test('is served beside the page where the server is told to', async ({ browser }) => {
  const own = await startTinyServer(['--api', '0', '--private']);
  try {
    const url = /API, once every layer is served: (\S+)/.exec(await printed(own, /API, once/))![1]!;
    const local = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
    await expect(local.models.list()).rejects.toMatchObject({ status: 503 });
    const tab = await openNode(browser, /Invite: (\S+)/.exec(own.output())![1]!, [0, 1, 2, 3]);
    await expect
      .poll(() => local.models.list().then(({ data }) => data[0]!.id, String), { timeout: 60_000 })
      .toBe('tiny');
    const { choices } = await local.chat.completions.create(ask('One?'));
    expect(choices[0]!.message.content).toBe(await inTab('One?'));
    await tab.context.close();
  } finally {
    expect(await own.stop()).toBe(0);
  }
});

/** What the server has printed, once it has printed this. */
async function printed(process: TinyServer, line: RegExp): Promise<string> {
  await expect.poll(() => process.output()).toMatch(line);
  return process.output();
}

test('says what is missing where the swarm is not whole', async () => {
  await nodes[1]!.context.close();
  const invite = /Invite: (\S+)/.exec(server.output())![1]!;
  await expect(startBridge(invite, '--timeout', '5')).rejects.toThrow(/After 5 s the swarm is still .+ more tabs/s);
});
