import type { Stream } from '@libp2p/interface';
import { streamPair } from '@libp2p/utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerOn } from '../../../src/net/channel/answer-stream.ts';
import { InFlight } from '../../../src/net/channel/in-flight.ts';
import { prefixed } from '../../../src/net/channel/message-assembler.ts';
import { RequestStreams } from '../../../src/net/channel/request-streams.ts';
import type { RequestHandler } from '../../../src/net/transport.ts';

const MAX_IN_FLIGHT = 4;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array) => new TextDecoder().decode(message);

/** Streams that were opened, the asker's ends and the answerer's. */
let opened: { readonly near: Stream; readonly far: Stream }[];
let handler: RequestHandler;
let heard: string[];
let requests: RequestStreams;
let answering: InFlight;
/** What becomes of a stream at its other end. */
let accept: (far: Stream) => void;

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
  heard = [];
  answering = new InFlight(MAX_IN_FLIGHT);
  handler = async (from, request) => {
    heard.push(text(request));
    return bytes(`${from} ${text(request)}`);
  };
  accept = (far) => answerOn(far, { from: 'asker', handler: () => handler, answering });
  requests = new RequestStreams(async () => {
    const [near, far] = await streamPair();
    opened.push({ near, far });
    accept(far);
    return near;
  });
});
afterEach(() => vi.useRealTimers());

async function ask(what: string, { peer = 'peer', signal }: { peer?: string; signal?: AbortSignal } = {}) {
  const answer = requests.request(peer, '/echo', bytes(what), signal);
  answer.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(50);
  return text(await answer);
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('requests to a peer', () => {
  it('go over one stream, one after the other', async () => {
    for (const what of ['a', 'b', 'c']) expect(await ask(what)).toBe(`asker ${what}`);
    expect(opened).toHaveLength(1);
    expect(await ask('d', { peer: 'other' })).toBe('asker d');
    expect(opened).toHaveLength(2);
  });

  it('have a stream each while they are under way together, of which some are kept', async () => {
    const held = Promise.withResolvers<void>();
    const answer = handler;
    answering = new InFlight(10);
    handler = async (...asked) => {
      await held.promise;
      return answer(...asked);
    };
    const answers = Array.from({ length: 6 }, (_, at) => ask(String(at)));
    await pass(0.1);
    held.resolve();
    expect((await Promise.all(answers)).toSorted()).toEqual([0, 1, 2, 3, 4, 5].map((at) => `asker ${at}`));
    expect(opened).toHaveLength(6);
    await pass(1);
    expect(opened.filter(({ near }) => near.status === 'open')).toHaveLength(4);
    await Promise.all(Array.from({ length: 4 }, (_, at) => ask(String(at))));
    expect(opened).toHaveLength(6);
  });

  it('close their stream a minute after the last', async () => {
    await ask('a');
    await pass(59);
    await ask('b');
    await pass(59);
    expect(opened[0]!.near.status).toBe('open');
    await pass(2);
    expect(opened[0]!.near.status).toBe('closed');
    expect(opened[0]!.far.status).toBe('closed');
    expect(await ask('c')).toBe('asker c');
    expect(opened).toHaveLength(2);
  });

  it('take a fresh stream where the peer answers one request a stream, and are heard once', async () => {
    const once = accept;
    accept = (far) => {
      once(far);
      const send = far.send.bind(far);
      far.send = (data) => {
        const more = send(data);
        void far.close();
        return more;
      };
    };
    for (const what of ['a', 'b']) expect(await ask(what)).toBe(`asker ${what}`);
    expect(heard).toEqual(['a', 'b']);
    expect(opened).toHaveLength(2);
  });

  it('are heard once where the stream breaks under them', async () => {
    await ask('a');
    handler = async (_from, request) => {
      heard.push(text(request));
      opened[0]!.far.abort(new Error('gone'));
      return request;
    };
    await expect(ask('b')).rejects.toMatchObject({ code: 'peer-gone' });
    expect(heard).toEqual(['a', 'b']);
    expect(opened).toHaveLength(1);
  });

  it('fail where the handler does, and the next takes a fresh stream', async () => {
    const answer = handler;
    handler = async () => {
      throw new Error('no');
    };
    await expect(ask('a')).rejects.toMatchObject({ code: 'peer-gone' });
    handler = answer;
    expect(await ask('b')).toBe('asker b');
    expect(opened).toHaveLength(2);
  });

  it('end with their signal, and their stream with them', async () => {
    handler = () => new Promise(() => undefined);
    const stop = new AbortController();
    const answer = requests.request('peer', '/echo', bytes('a'), stop.signal);
    answer.catch(() => undefined);
    await pass(1);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    expect(opened[0]!.near.status).toBe('aborted');
    await expect(requests.request('peer', '/echo', bytes('a'), stop.signal)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('drop a peer that answers what nobody has asked', async () => {
    await ask('a');
    opened[0]!.far.send(prefixed(bytes('more')));
    await pass(0.1);
    expect(opened[0]!.near.status).toBe('aborted');
    expect(await ask('b')).toBe('asker b');
  });
});

describe('requests of a peer', () => {
  it('must come within ten seconds of the stream, and two minutes after the last', async () => {
    const [, far] = await streamPair();
    accept(far);
    await pass(9);
    expect(far.status).toBe('open');
    await pass(2);
    expect(far.status).not.toBe('open');
    const [near, second] = await streamPair();
    accept(second);
    near.send(prefixed(bytes('a')));
    await pass(119);
    expect(second.status).toBe('open');
    await pass(2);
    expect(second.writeStatus).not.toBe('writable');
  });

  it('are one at a time on a stream, and a few on all', async () => {
    handler = () => new Promise(() => undefined);
    const pair = await streamPair();
    accept(pair[1]);
    pair[0].send(prefixed(bytes('a')));
    pair[0].send(prefixed(bytes('b')));
    await pass(0.1);
    expect(pair[1].status).toBe('aborted');
    const more = await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, () => streamPair()));
    for (const [near, far] of more) {
      accept(far);
      near.send(prefixed(bytes('a')));
    }
    await pass(0.1);
    // The one that was under way on the dropped stream still counts.
    expect(more.map(([, far]) => far.status)).toEqual(['open', 'open', 'open', 'aborted']);
  });

  it('are answered also where the peer closes its end behind them', async () => {
    const [near, far] = await streamPair();
    accept(far);
    const got: Uint8Array[] = [];
    near.addEventListener('message', ({ data }) => got.push(data.subarray()));
    near.send(prefixed(bytes('a')));
    void near.close();
    await pass(1);
    expect(Buffer.concat(got).equals(prefixed(bytes('asker a')))).toBe(true);
    expect(far.status).toBe('closed');
  });

  it.each([
    ['an empty one', Uint8Array.of(0, 0, 0, 0)],
    ['one without end', Uint8Array.of(255, 255, 255, 127)],
  ])('drop their stream where there is %s', async (_what, sent) => {
    const [near, far] = await streamPair();
    accept(far);
    near.send(sent);
    await pass(0.1);
    expect(far.status).toBe('aborted');
    expect(heard).toEqual([]);
  });
});
