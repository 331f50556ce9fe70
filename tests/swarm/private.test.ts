import { afterEach, describe, expect, it, vi } from 'vitest';
import { GATE_PROTOCOL } from '../../src/net/gate/gate-handshake.ts';
import { GatedTransport } from '../../src/net/gate/gated-transport.ts';
import { seal } from '../../src/net/gate/sealed-gossip.ts';
import type { MemoryTransport } from '../../src/net/memory/memory-member.ts';
import type { Transport } from '../../src/net/transport.ts';
import { COMMAND_PROTOCOL } from '../../src/protocol/commands.ts';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { DIRECTORY_PROTOCOL } from '../../src/protocol/directory-exchange.ts';
import { encodeManifestRequest, MANIFEST_PROTOCOL } from '../../src/protocol/manifest-exchange.ts';
import { createSecret, deriveKeys, guestSecretOf } from '../../src/protocol/private-swarm.ts';
import { privateTopic } from '../../src/protocol/private-topic.ts';
import { TORRENT_SIGNAL_PROTOCOL } from '../../src/protocol/torrent-signal.ts';
import { fetchManifest, serveManifest } from '../../src/swarm/members/manifest-exchange.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { alone, answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const MANIFEST = 'a'.repeat(64);
const REQUEST = { promptIds: promptOf(20), maxTokens: 8 };
const secret = createSecret();
const keys = deriveKeys(secret);
const guestKeys = deriveKeys(guestSecretOf(secret));
const bytes = (text: string) => new TextEncoder().encode(text);
/** Time for what must not happen to happen. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 200));

let swarm: TestSwarm;
afterEach(() => swarm.close());

/** Four nodes behind a gate; the tab that asks has the secret of a guest. */
async function whole(): Promise<readonly SwarmNode[]> {
  swarm = await TestSwarm.create([[0], [1], [2], [3]], {
    transport: (inner, place) => new GatedTransport(inner, place < 0 ? guestKeys : keys),
  });
  return swarm.nodes;
}

async function answer(node: SwarmNode): Promise<readonly number[]> {
  const { ids } = await answerOf(node, REQUEST);
  return ids;
}

describe('a private swarm', () => {
  it('answers as an open one, guests and members', async () => {
    const expected = await alone(REQUEST);
    const [node] = await whole();
    expect(await answer(swarm.guest)).toEqual(expected);
    expect(await answer(node!)).toEqual(expected);
  });

  it('gives its manifest to who knows the secret and nobody yet', async () => {
    const manifest = bytes('a manifest');
    const { promise, resolve } = Promise.withResolvers<Transport>();
    swarm = await TestSwarm.create([[0, 1, 2, 3]], {
      transport: (inner, place) => {
        const gated = new GatedTransport(inner, keys);
        if (place === 0) resolve(gated);
        return gated;
      },
    });
    const id = await crypto.subtle.digest('SHA-256', manifest);
    const manifestId = Buffer.from(id).toString('hex');
    const holder = await promise;
    serveManifest(holder, manifestId, manifest);
    const speak = setInterval(() => void holder.publish(presenceTopic(manifestId), bytes('here')), 20);
    const newcomer = new GatedTransport(swarm.network.createTransport(), guestKeys);
    expect(await fetchManifest(newcomer, manifestId)).toEqual(manifest);
    clearInterval(speak);
  });
});

describe('a stranger at a private swarm', () => {
  /** Everything that it can say, with all that an outsider may know. */
  const requests: [protocol: string, request: Uint8Array][] = [
    [COMMAND_PROTOCOL, bytes(JSON.stringify({ command: 'LIST_FILES', request_id: '1', from: 'x', to: 'y' }))],
    [MANIFEST_PROTOCOL, encodeManifestRequest({ manifest: MANIFEST, offset: 0 })],
    [DIRECTORY_PROTOCOL, bytes(JSON.stringify({ find: `/shoal/${MANIFEST}/manifest` }))],
    [TORRENT_SIGNAL_PROTOCOL, bytes(JSON.stringify({ infoHash: '0'.repeat(40) }))],
  ];

  function stranger(): MemoryTransport {
    return swarm.network.createTransport();
  }

  it.each([
    ['nothing', (inner: MemoryTransport): Transport => inner],
    ['another secret', (inner: MemoryTransport): Transport => new GatedTransport(inner, deriveKeys(createSecret()))],
  ])('with %s gets no answer, no channel, and is hung up on', async (_, wrap) => {
    const [node] = await whole();
    const inner = stranger();
    const transport = wrap(inner);
    for (const [protocol, request] of requests) {
      await expect(transport.request(node!.peerId, protocol, request)).rejects.toThrow();
    }
    const heard: Uint8Array[] = [];
    const channel = await transport.openChannel(node!.peerId).catch(() => undefined);
    channel?.onFrame((frame) => heard.push(frame));
    await vi.waitFor(() => expect(inner.peers()).toEqual([]), 2000);
    expect(heard).toEqual([]);
    expect(node!.connectedPeers()).not.toContain(inner.peerId);
  });

  it('that knows the names of the outside hears nothing that it can read, and is not heard', async () => {
    const [node] = await whole();
    const inner = stranger();
    const topic = privateTopic(keys, presenceTopic(MANIFEST));
    const heard: string[] = [];
    inner.subscribe(topic, (_from, message) => heard.push(new TextDecoder('latin1').decode(message)));
    const presence = { ready: [0, 1, 2, 3], pending: [], layersPerSecond: 1e308, queueLength: 0, leaving: false };
    const message = bytes(JSON.stringify({ ...presence, sequence: 1 }));
    await inner.publish(topic, message);
    await inner.publish(presenceTopic(MANIFEST), message);
    // One that it has overheard, said again as its own.
    node!.membership.publishNow();
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), 5000);
    await inner.publish(
      topic,
      Uint8Array.from(heard[0]!, (letter) => letter.charCodeAt(0)),
    );
    await soon();
    expect(node!.membership.members().map(({ peerId }) => peerId)).not.toContain(inner.peerId);
    for (const text of heard) expect(text).not.toMatch(/ready|sequence|layersPerSecond/);
  });

  it('is told nothing by what it answers', async () => {
    const [node] = await whole();
    const inner = stranger();
    const asked: string[] = [];
    for (const [protocol] of requests) {
      inner.handleRequests(protocol, async () => {
        asked.push(protocol);
        return bytes('{}');
      });
    }
    inner.handleRequests(GATE_PROTOCOL, async (_from, message) => new Uint8Array(message[0] === 1 ? 64 : 65));
    await inner.connect(node!.peerId);
    await vi.waitFor(() => expect(inner.peers()).toEqual([]), 2000);
    expect(asked).toEqual([]);
  });
});

describe('a guest of a private swarm', () => {
  it('may claim what it will: it serves nobody', async () => {
    await whole();
    const expected = await answer(swarm.guest);
    const inner = swarm.network.createTransport();
    const guest = new GatedTransport(inner, guestKeys);
    expect(guest.mayServe(guest.peerId)).toBe(false);
    const presence = { ready: [0, 1, 2, 3], pending: [], layersPerSecond: 1e6, queueLength: 0, leaving: false };
    const topic = presenceTopic(MANIFEST);
    await guest.publish(topic, bytes(JSON.stringify({ ...presence, willing: true, sequence: 1 })));
    const claimed = () => swarm.guest.membership.members().find(({ peerId }) => peerId === guest.peerId);
    await vi.waitFor(() => expect(claimed()).toBeDefined(), 2000);
    expect(claimed()).toMatchObject({ ready: [], willing: false });
    // With the certificate of a member, which tells of that member alone.
    const certificate = keys.certify(swarm.nodes[0]!.peerId)!;
    const message = bytes(JSON.stringify({ ...presence, sequence: 2 }));
    const forged = seal(guestKeys, guest.peerId, topic, { certificate, message });
    await inner.publish(privateTopic(guestKeys, topic), forged);
    await vi.waitFor(() => expect(claimed()?.sequence).toBe(2), 2000);
    expect(claimed()).toMatchObject({ ready: [] });
    expect(await answer(swarm.guest)).toEqual(expected);
  });
});
