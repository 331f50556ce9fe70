import type { FrameChannel, Transport } from '../../src/net/transport.ts';
import { MAX_COMMAND_BYTES, MAX_COMMANDS_IN_FLIGHT, MAX_FRAME_BYTES } from '../../src/protocol/limits.ts';
import { check, equal, eventually, randomBytes, rejects } from './support/checks.ts';

/** The network that a case runs on: each implementation of `Transport` brings one. */
export interface TransportLab {
  /** A new member; the lab closes it after the case. */
  open(): Promise<Transport>;
  /** A peer id that is well formed and nobody's. */
  readonly strangerId: string;
  /** A topic that the network carries, and messages for it, each number another. */
  readonly topic: string;
  message(number: number): Uint8Array;
  /** A key that the directory takes, with a value that it takes for it. */
  readonly key: string;
  readonly value: Uint8Array;
  /** A key like it under which nobody has put anything. */
  readonly unusedKey: string;
}

/** One promise of `Transport`, checked in any network, in Node or in a page. */
export interface ContractCase {
  readonly name: string;
  run(lab: TransportLab): Promise<void>;
}

const PROTOCOL = '/shoal/contract/1.0.0';
const REVERSE = async (_: string, request: Uint8Array) => request.slice().reverse();

async function openPair(lab: TransportLab): Promise<[Transport, Transport]> {
  return Promise.all([lab.open(), lab.open()]);
}

/** A channel from `a` to `b`, both ends. */
async function openChannel(a: Transport, b: Transport): Promise<[FrameChannel, FrameChannel]> {
  const { promise, resolve } = Promise.withResolvers<FrameChannel>();
  b.handleChannels(resolve);
  return Promise.all([a.openChannel(b.peerId), promise]);
}

/** What every `Transport` promises. */
export const TRANSPORT_CONTRACT: readonly ContractCase[] = [
  {
    name: 'connect: both ends list each other, and hear of it once',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const heard: string[] = [];
      a.onPeer(({ peerId, connected }) => heard.push(`a ${peerId === b.peerId} ${connected}`));
      b.onPeer(({ peerId, connected }) => heard.push(`b ${peerId === a.peerId} ${connected}`));
      check(a.peerId !== b.peerId, 'two members share a peer id');
      equal(a.introduction, 'online', 'introduction');
      equal(a.peers(), [], 'peers before');
      await a.connect(b.peerId);
      await a.connect(b.peerId);
      await eventually('b lists a', () => b.peers().includes(a.peerId));
      equal(a.peers(), [b.peerId], 'peers of a');
      equal(heard.sort(), ['a true true', 'b true true'], 'events');
    },
  },
  {
    name: 'connect: two members that call each other at once meet',
    async run(lab) {
      const [a, b] = await openPair(lab);
      await Promise.all([a.connect(b.peerId), b.connect(a.peerId), a.connect(b.peerId)]);
      equal([a.peers(), b.peers()], [[b.peerId], [a.peerId]], 'peers');
    },
  },
  {
    name: 'sign: others know what a member has signed, and that another has not',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const message = randomBytes(100);
      const signature = await a.sign(message);
      equal(signature.length, 64, 'length');
      equal(await b.isSignedBy(a.peerId, message, signature), true, 'the signer');
      equal(await b.isSignedBy(b.peerId, message, signature), false, 'another');
      equal(await b.isSignedBy(a.peerId, randomBytes(100), signature), false, 'another message');
      equal(await b.isSignedBy(a.peerId, message, new Uint8Array(64)), false, 'no signature');
      equal(await b.isSignedBy('nobody', message, signature), false, 'no peer');
    },
  },
  {
    name: 'connect: a stranger is peer-unreachable, for requests and channels too',
    async run(lab) {
      const a = await lab.open();
      await Promise.all([
        rejects(a.connect(lab.strangerId), 'peer-unreachable'),
        rejects(a.request(lab.strangerId, PROTOCOL, randomBytes(1)), 'peer-unreachable'),
        rejects(a.openChannel(lab.strangerId), 'peer-unreachable'),
      ]);
      equal(a.peers(), [], 'peers');
    },
  },
  {
    name: 'request: is answered by whom it was sent to, who knows from whom it came, at any size up to the limit',
    async run(lab) {
      const [a, b] = await openPair(lab);
      let from = '';
      b.handleRequests(PROTOCOL, (sender, request) => {
        from = sender;
        return REVERSE(sender, request);
      });
      for (const size of [1, 1100, 70_000, MAX_COMMAND_BYTES]) {
        const request = randomBytes(size);
        const kept = request.slice();
        const answer = a.request(b.peerId, PROTOCOL, request);
        equal(await answer, kept.reverse(), `answer to ${size} bytes`);
      }
      equal(from, a.peerId, 'sender');
    },
  },
  {
    name: 'request: many at once get their own answers, both ways',
    async run(lab) {
      const [a, b] = await openPair(lab);
      for (const member of [a, b]) {
        member.handleRequests(PROTOCOL, async (_, request) => {
          await new Promise((resolve) => setTimeout(resolve, 20 - request[0]!));
          return request;
        });
      }
      await a.connect(b.peerId);
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const answers = await Promise.all(
        numbers.map(async (number) => {
          const [from, to] = number % 2 ? [a, b] : [b, a];
          return (await from.request(to.peerId, PROTOCOL, Uint8Array.of(number)))[0];
        }),
      );
      equal(answers, numbers, 'answers');
    },
  },
  {
    name: 'request: one that nobody handles is peer-unreachable, one whose handler fails is peer-gone',
    async run(lab) {
      const [a, b] = await openPair(lab);
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1)), 'peer-unreachable');
      const stop = b.handleRequests(PROTOCOL, async () => {
        throw new Error('cannot');
      });
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1)), 'peer-gone');
      stop();
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1)), 'peer-unreachable');
      equal(a.peers(), [b.peerId], 'the connection outlives them');
    },
  },
  {
    name: 'request: the newest handler answers, also where an older one has answered, and when that one is given up',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const ask = () => a.request(b.peerId, PROTOCOL, Uint8Array.of(0));
      const saying = (number: number) => b.handleRequests(PROTOCOL, async () => Uint8Array.of(number));
      const stopFirst = saying(1);
      equal(await ask(), Uint8Array.of(1), 'the first');
      const stopSecond = saying(2);
      equal(await ask(), Uint8Array.of(2), 'the second');
      stopFirst();
      equal(await ask(), Uint8Array.of(2), 'the second, when the first is given up');
      stopSecond();
      await rejects(ask(), 'peer-unreachable');
      saying(3);
      equal(await ask(), Uint8Array.of(3), 'a third');
    },
  },
  {
    name: 'channel: a handler that is given up does not take the newer one along',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const stop = b.handleChannels(() => undefined);
      const opened = openChannel(a, b);
      stop();
      equal((await opened)[1].peerId, a.peerId, 'who opened it');
    },
  },
  {
    name: 'request: limits hold for its size, its answer’s size and the number in flight',
    async run(lab) {
      const [a, b] = await openPair(lab);
      b.handleRequests(PROTOCOL, async () => randomBytes(MAX_COMMAND_BYTES + 1));
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(MAX_COMMAND_BYTES + 1)), 'limit-exceeded');
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1)), 'peer-gone');
      const { promise, resolve } = Promise.withResolvers<void>();
      b.handleRequests(`${PROTOCOL}/slow`, async (_, request) => promise.then(() => request));
      const pending = Array.from({ length: MAX_COMMANDS_IN_FLIGHT }, () =>
        a.request(b.peerId, `${PROTOCOL}/slow`, Uint8Array.of(7)),
      );
      await rejects(a.request(b.peerId, `${PROTOCOL}/slow`, Uint8Array.of(7)), 'limit-exceeded');
      resolve();
      equal((await Promise.all(pending)).length, MAX_COMMANDS_IN_FLIGHT, 'answers');
      equal(await a.request(b.peerId, `${PROTOCOL}/slow`, Uint8Array.of(8)), Uint8Array.of(8), 'a later one');
    },
  },
  {
    name: 'request: can be given up, before and after it was sent',
    async run(lab) {
      const [a, b] = await openPair(lab);
      b.handleRequests(PROTOCOL, () => new Promise(() => undefined));
      const before = AbortSignal.abort();
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1), { signal: before }), 'aborted');
      await rejects(a.connect(b.peerId, { signal: before }), 'aborted');
      await rejects(a.openChannel(b.peerId, { signal: before }), 'aborted');
      const after = new AbortController();
      const request = a.request(b.peerId, PROTOCOL, randomBytes(1), { signal: after.signal });
      setTimeout(() => after.abort(), 50);
      await rejects(request, 'aborted');
    },
  },
  {
    name: 'channel: carries frames whole and in order, both ways, at any size up to the limit',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const [mine, theirs] = await openChannel(a, b);
      equal([mine.peerId, theirs.peerId], [b.peerId, a.peerId], 'peer ids');
      const sizes = [1, 2304, 3, 1096, 1100, 4096, 262_144, 5, 1_048_576, 17];
      const frames = sizes.map(randomBytes);
      for (const [from, to] of [
        [mine, theirs],
        [theirs, mine],
      ] as const) {
        const got: Uint8Array[] = [];
        to.onFrame((frame) => got.push(frame));
        for (const frame of frames) {
          const scratch = frame.slice();
          await from.send(scratch);
          // What was sent is the sender's again.
          scratch.fill(0);
        }
        await eventually('every frame has arrived', () => got.length === frames.length);
        equal(
          got.map(({ length }) => length),
          sizes,
          'sizes',
        );
        for (const [index, frame] of frames.entries()) equal(got[index], frame, `frame ${index}`);
      }
    },
  },
  {
    name: 'channel: sends that do not wait for each other keep their order; frames wait for a listener',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const [mine, theirs] = await openChannel(a, b);
      await Promise.all(Array.from({ length: 100 }, (_, index) => mine.send(new Uint8Array(index + 1).fill(index))));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const got: number[] = [];
      theirs.onFrame((frame) => got.push(frame[0]!, frame.length));
      await eventually('every frame has arrived', () => got.length === 200);
      equal(got, Array.from({ length: 100 }, (_, index) => [index, index + 1]).flat(), 'frames');
    },
  },
  {
    name: 'channel: closing is heard once at both ends, without a reason, after what was sent; then sending is peer-gone',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const [mine, theirs] = await openChannel(a, b);
      const heard: unknown[] = [];
      mine.onClose((reason) => heard.push(reason));
      theirs.onClose((reason) => heard.push(reason));
      let got = 0;
      theirs.onFrame(({ length }) => {
        got = length;
      });
      await mine.send(randomBytes(300_000));
      await mine.close();
      await mine.close();
      await eventually('both ends are closed', () => heard.length === 2);
      equal(heard, [undefined, undefined], 'reasons');
      equal(got, 300_000, 'the last frame');
      await rejects(mine.send(randomBytes(1)), 'peer-gone');
      await rejects(theirs.send(randomBytes(1)), 'peer-gone');
      equal(a.peers(), [b.peerId], 'the connection outlives it');
    },
  },
  {
    name: 'channel: a frame over the limit is refused, and the channel goes on',
    async run(lab) {
      const [a, b] = await openPair(lab);
      const [mine, theirs] = await openChannel(a, b);
      await rejects(mine.send(new Uint8Array(MAX_FRAME_BYTES + 1)), 'limit-exceeded');
      let got = 0;
      theirs.onFrame(({ length }) => {
        got = length;
      });
      await mine.send(randomBytes(9));
      await eventually('the next frame has arrived', () => got === 9);
    },
  },
  {
    name: 'channel: several to one peer are apart; one that nobody handles is peer-unreachable',
    async run(lab) {
      const [a, b] = await openPair(lab);
      await rejects(a.openChannel(b.peerId), 'peer-unreachable');
      const channels: FrameChannel[] = [];
      b.handleChannels((channel) => channels.push(channel));
      const first = await a.openChannel(b.peerId);
      const second = await a.openChannel(b.peerId);
      await eventually('both are open', () => channels.length === 2);
      const got: string[] = [];
      for (const [index, channel] of channels.entries())
        channel.onFrame((frame) => got.push(`${index} ${String.fromCharCode(...frame)}`));
      await first.send(new TextEncoder().encode('first'));
      await eventually('the first frame', () => got.length === 1);
      await first.close();
      await second.send(new TextEncoder().encode('second'));
      await eventually('the second frame', () => got.length === 2);
      check(got[0]!.at(0) !== got[1]!.at(0), `frames of two channels came by one: ${got.join()}`);
    },
  },
  {
    name: 'gossip: every subscriber hears, knows the sender, and may stop; the sender does not hear itself',
    async run(lab) {
      const [a, b, c] = await Promise.all([lab.open(), lab.open(), lab.open()]);
      const heard = new Map([a, b, c].map((member) => [member, new Set<string>()]));
      const stops = [...heard].map(([member, lines]) =>
        member.subscribe(lab.topic, (from, message) => {
          lines.add(`${from} ${new TextDecoder().decode(message)}`);
        }),
      );
      const line = (number: number) => `${a.peerId} ${new TextDecoder().decode(lab.message(number))}`;
      let number = 0;
      // A subscription takes a moment to get around; what is said before is nobody's loss.
      await eventually('b and c have heard a', async () => {
        await a.publish(lab.topic, lab.message(number));
        number++;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return [b, c].every((member) => heard.get(member)!.size > 0);
      });
      check(
        [...heard.get(b)!].every((text) => text.startsWith(`${a.peerId} `)),
        'b heard somebody else than a',
      );
      stops[1]!();
      await a.publish(lab.topic, lab.message(1000));
      await eventually('c has heard more', () => heard.get(c)!.has(line(1000)));
      check(!heard.get(b)!.has(line(1000)), 'b heard what came after it had stopped');
      equal(heard.get(a)!.size, 0, 'what the sender heard');
    },
  },
  {
    name: 'gossip: tells who handed a message over, the server or its author',
    async run(lab) {
      const [a, b] = await Promise.all([lab.open(), lab.open()]);
      const forwarders = new Set<string | undefined>();
      b.subscribe(lab.topic, (from, _message, forwarder) => {
        if (from === a.peerId) forwarders.add(forwarder);
      });
      let number = 0;
      const says = async (forwarder: string | undefined) => {
        await a.publish(lab.topic, lab.message(number++));
        await new Promise((resolve) => setTimeout(resolve, 100));
        return forwarders.has(forwarder);
      };
      await eventually('it came by the server', () => says(undefined));
      check(!forwarders.has(a.peerId), 'it came by a connection that there is not');
      await a.connect(b.peerId);
      await eventually('it came from its author', () => says(a.peerId));
    },
  },
  {
    name: 'directory: what one puts and provides, others get and find; the rest is absent',
    async run(lab) {
      const [a, b, c] = await Promise.all([lab.open(), lab.open(), lab.open()]);
      equal(await b.directory.get(lab.unusedKey), undefined, 'an unused key');
      equal(await b.directory.findProviders(lab.unusedKey), [], 'its providers');
      await a.directory.put(lab.key, lab.value);
      equal(await b.directory.get(lab.key), lab.value, 'the value');
      await Promise.all([a.directory.provide(lab.key), c.directory.provide(lab.key)]);
      const found = await b.directory.findProviders(lab.key);
      check(
        [a, c].every(({ peerId }) => found.includes(peerId)),
        `found ${found.join()}`,
      );
      await rejects(b.directory.get(lab.key, { signal: AbortSignal.abort() }), 'aborted');
    },
  },
  {
    name: 'close: peers hear it, channels and requests end, and the closed one is unreachable',
    async run(lab) {
      const [a, b, c] = await Promise.all([lab.open(), lab.open(), lab.open()]);
      const [channel] = await openChannel(a, b);
      await a.connect(c.peerId);
      b.handleRequests(PROTOCOL, () => new Promise(() => undefined));
      const request = a.request(b.peerId, PROTOCOL, randomBytes(1));
      let closed = 0;
      channel.onClose(() => closed++);
      const heard: string[] = [];
      a.onPeer(({ peerId, connected }) => heard.push(`${peerId === b.peerId} ${connected}`));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const ended = rejects(request, 'peer-gone');
      await b.close();
      await ended;
      await eventually('a has heard of it', () => heard.length > 0 && closed > 0, 2000);
      equal(heard, ['true false'], 'events');
      equal(closed, 1, 'the channel’s end');
      equal(a.peers(), [c.peerId], 'who is left');
      await rejects(a.request(b.peerId, PROTOCOL, randomBytes(1)), 'peer-unreachable');
    },
  },
];
