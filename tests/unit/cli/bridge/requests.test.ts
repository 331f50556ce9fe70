import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_ANSWERS, MAX_BODY_BYTES, MAX_WAITING } from '../../../../cli/bridge/limits.ts';
import { gate, type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { user } from '../../../support/scripted-engine.ts';

// Requests that no client library sends, and faults around a request.

const TEXT = 'The capital of France is Paris.';

let bridge: ScriptedBridge;
afterEach(() => bridge.close());

const chat = { messages: user('Hi') };
const post = (
  body: unknown,
  { path = '/v1/chat/completions', headers = {}, signal = null as AbortSignal | null } = {},
) =>
  fetch(`${bridge.origin}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
  });

/** Headers that `fetch` keeps to itself. */
async function status(headers: Record<string, string>, path = '/v1/models', method = 'GET') {
  const { hostname, port } = new URL(bridge.origin);
  const request = openRequest({ hostname, port, path, method, headers });
  request.end();
  const [response] = await once(request, 'response');
  response.resume();
  return response;
}

/** The limit is for hangs. */
const poll = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000 });

/** Requests that are there, and whether the engines are free. */
const load = async () =>
  (await fetch(`${bridge.origin}/healthz`)).json() as Promise<{ answering: number; waiting: number }>;
const idle = () => poll(load).toMatchObject({ answering: 0, waiting: 0 });

describe('who may ask', () => {
  it('with a key: whoever has it, in either header', async () => {
    bridge = await scriptedBridge([TEXT], { key: 'secret' });
    expect((await post(chat)).status).toBe(401);
    const wrong = await post(chat, { headers: { Authorization: 'Bearer other' } });
    expect(wrong.status).toBe(401);
    expect(await wrong.json()).toMatchObject({ error: { type: 'invalid_request_error', code: 'invalid_api_key' } });
    const anthropic = await post({}, { path: '/v1/messages', headers: { 'x-api-key': 'secret2' } });
    expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    expect((await post(chat, { headers: { Authorization: 'Bearer secret' } })).status).toBe(200);
    expect((await post(chat, { headers: { 'x-api-key': 'secret' } })).status).toBe(200);
    expect((await fetch(`${bridge.origin}/healthz`)).status).toBe(200);
  });

  it('no page of another site, nor one by a name of its own', async () => {
    bridge = await scriptedBridge([TEXT]);
    expect((await status({ Origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await status({ Origin: 'null' })).statusCode).toBe(403);
    expect((await status({ Host: 'evil.example' })).statusCode).toBe(421);
    expect((await status({ Host: 'evil.example', Origin: 'http://evil.example' }, '/healthz')).statusCode).toBe(421);
    expect((await status({ Origin: 'https://evil.example' }, '/v1/models', 'OPTIONS')).statusCode).toBe(403);
    for (const Host of ['localhost:8788', '127.0.0.1', '[::1]:1'])
      expect((await status({ Host })).statusCode).toBe(200);
  });

  it('pages that were allowed, from a browser', async () => {
    bridge = await scriptedBridge([TEXT], { key: 'secret', origins: ['https://app.example'] });
    const asked = { 'Access-Control-Request-Headers': 'authorization,x-stainless-os' };
    // A preflight carries no key.
    const preflight = await status({ Origin: 'https://app.example', ...asked }, '/v1/chat/completions', 'OPTIONS');
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-headers': 'authorization,x-stainless-os',
    });
    const refused = await status({ Origin: 'https://app.example' });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example');
    expect((await status({ Origin: 'https://evil.example' })).statusCode).toBe(403);
  });
});

describe('a request that is none', () => {
  it.each([
    ['no JSON', '{"messages":', {}, 400],
    ['no object', '[1]', {}, 400],
    ['empty', '', {}, 400],
    ['nested deeper than can be written', `{"user":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, {}, 400],
    ['another type', 'messages=1', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
    ['compressed', '{}', { 'Content-Encoding': 'gzip' }, 415],
    ['larger than any context', `{"user":"${'x'.repeat(MAX_BODY_BYTES)}"}`, {}, 413],
  ])('%s', async (_, body, headers, expected) => {
    bridge = await scriptedBridge([TEXT]);
    const response = await post(body, { headers });
    expect(response.status).toBe(expected);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.any(String) },
    });
  });

  it('to nowhere, or by another method', async () => {
    bridge = await scriptedBridge([TEXT]);
    const nowhere = await fetch(`${bridge.url}/embeddings`);
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ error: { message: expect.stringContaining('/v1/chat/completions') } });
    const wrong = await fetch(`${bridge.url}/chat/completions`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect((await post({}, { path: '/v1/models' })).status).toBe(405);
  });

  it('that says it is larger than it may be is refused before it comes', async () => {
    bridge = await scriptedBridge([TEXT]);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(MAX_BODY_BYTES + 1) };
    const { hostname, port } = new URL(bridge.origin);
    const request = openRequest({ hostname, port, path: '/v1/completions', method: 'POST', headers });
    request.flushHeaders();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it.each([
    ...['x', 5, null, [], [null], [[]], [{}], {}, [{ role: 'user' }], [{ role: 'user', content: 5 }]].map(
      (messages) => ({
        messages,
      }),
    ),
    ...[{ n: 0 }, { stop: [5] }, { temperature: '1' }, { stream: 'yes' }, { model: {} }, { logit_bias: { x: 1 } }].map(
      (wrong) => ({ ...chat, ...wrong }),
    ),
  ])('of wrong types: %j', async (body) => {
    bridge = await scriptedBridge([TEXT]);
    const response = await post(body);
    expect(response.status).toBe(400);
    expect((await response.json()) as unknown).toMatchObject({ error: { param: expect.any(String) } });
  });

  it('of a million wrong messages costs one issue', async () => {
    bridge = await scriptedBridge([TEXT]);
    const response = await post(`{"messages":[${'1,'.repeat(1_000_000)}1]}`);
    expect(response.status).toBe(400);
  });
});

describe('a client that goes', () => {
  it('ends its answer, and the engine is free', async () => {
    bridge = await scriptedBridge([TEXT]);
    const { open, onStep } = gate(2);
    bridge.generator.onStep = onStep;
    const leaving = new AbortController();
    const response = await post({ ...chat, stream: true }, { signal: leaving.signal });
    await response.body!.getReader().read();
    leaving.abort();
    await poll(() => bridge.generator.requests[0]!.signal?.aborted).toBe(true);
    open();
    await idle();
    expect(bridge.generator.closed).toBe(1);
  });

  it('ends its answer also before its first word, and one that does not stream', async () => {
    bridge = await scriptedBridge([TEXT]);
    for (const stream of [true, false]) {
      const { open, onStep } = gate(0);
      bridge.generator.onStep = onStep;
      const leaving = new AbortController();
      const asking = post({ ...chat, stream }, { signal: leaving.signal });
      await poll(load).toMatchObject({ answering: 1 });
      leaving.abort();
      await expect(asking).rejects.toThrow();
      await poll(() => bridge.generator.requests.at(-1)?.signal?.aborted).toBe(true);
      open();
      await idle();
    }
  });
});

describe('many requests', () => {
  it('wait in a queue that ends; one that leaves it is never answered', async () => {
    bridge = await scriptedBridge([TEXT]);
    const { open, onStep } = gate(0);
    bridge.generator.onStep = onStep;
    const running = Array.from({ length: MAX_ANSWERS }, () => post(chat));
    await poll(load).toMatchObject({ answering: MAX_ANSWERS });
    const leaving = new AbortController();
    const left = post(chat, { signal: leaving.signal });
    const waiting = Array.from({ length: MAX_WAITING - 1 }, () => post(chat));
    await poll(load).toMatchObject({ waiting: MAX_WAITING });
    const refused = await post({ ...chat, stream: true });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    const overloaded = await post({ model: 'Tiny', max_tokens: 5, ...chat }, { path: '/v1/messages' });
    expect(await overloaded.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
    leaving.abort();
    await expect(left).rejects.toThrow();
    await poll(load).toMatchObject({ waiting: MAX_WAITING - 1 });
    open();
    const answers = await Promise.all([...running, ...waiting]);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(bridge.generator.requests).toHaveLength(MAX_ANSWERS + MAX_WAITING - 1);
  });
});

describe('a tab that goes', () => {
  it('fails what runs and what comes with 503, and a stream with an event', async () => {
    bridge = await scriptedBridge([TEXT]);
    const { onStep } = gate(2);
    bridge.generator.onStep = onStep;
    const whole = post(chat);
    const stream = await post({ ...chat, stream: true });
    await poll(load).toMatchObject({ answering: 2 });
    bridge.crash();
    expect((await whole).status).toBe(503);
    expect(await stream.text()).toMatch(/data: \{"error":\{"message":"The bridge's tab has crashed[^\n]+\n\n$/);
    const later = await post(chat);
    expect(later.status).toBe(503);
    expect(Number(later.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${bridge.origin}/healthz`)).status).toBe(503);
    expect((await fetch(`${bridge.url}/models`)).status).toBe(503);
  });
});
