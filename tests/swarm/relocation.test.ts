import { beforeEach, describe, expect, it } from 'vitest';
import { GatedTransport } from '../../src/net/gate/gated-transport.ts';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { Transport } from '../../src/net/transport.ts';
import { createSecret, deriveKeys, guestSecretOf } from '../../src/protocol/private-swarm.ts';
import { listenForMoves, moveMembers } from '../../src/swarm/members/relocation.ts';

const MOVE_PROTOCOL = '/shoal/move/1.0.0';
const secret = createSecret();
const renewed = createSecret();
const bytes = (text: string) => new TextEncoder().encode(text);

let network: MemoryNetwork;
let listener: Transport;
let moves: (readonly [secret: string, from: string])[];
beforeEach(() => {
  network = new MemoryNetwork();
  [listener, moves] = listen(secret);
});

function join(of: string): Transport {
  return new GatedTransport(network.createTransport(), deriveKeys(of));
}

function listen(of: string): [Transport, (readonly [secret: string, from: string])[]] {
  const transport = join(of);
  const heard: (readonly [string, string])[] = [];
  listenForMoves(transport, deriveKeys(of).name, (...move) => heard.push(move));
  return [transport, heard];
}

describe('a move to a new secret', () => {
  it('is followed when a member tells it, and counts who has', async () => {
    const mover = join(secret);
    const silent = join(secret);
    const told = [listener.peerId, silent.peerId, 'nobody'];
    expect(await moveMembers(mover, told, renewed)).toBe(1);
    expect(moves).toEqual([[renewed, mover.peerId]]);
  });

  it('is told to members only', async () => {
    const [guest, ofGuest] = listen(guestSecretOf(secret));
    const [stranger, ofStranger] = listen(createSecret());
    const bare = network.createTransport();
    const ofBare: unknown[] = [];
    bare.handleRequests(MOVE_PROTOCOL, async (_from, request) => Uint8Array.of(ofBare.push(request)));
    const told = [guest, stranger, bare, listener].map(({ peerId }) => peerId);
    expect(await moveMembers(join(secret), told, renewed)).toBe(1);
    expect([ofGuest, ofStranger, ofBare]).toEqual([[], [], []]);
  });

  it.each<[string, () => Transport]>([
    ['a guest', () => join(guestSecretOf(secret))],
    ['a member of another swarm', () => join(createSecret())],
    ['somebody without a secret', () => network.createTransport()],
  ])('is none of %s', async (_, open) => {
    await expect(open().request(listener.peerId, MOVE_PROTOCOL, bytes(renewed))).rejects.toThrow();
    expect(moves).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['garbage', '%%%'],
    ['what is almost one', renewed.slice(1)],
    ['what is longer', renewed + renewed],
    ['megabytes', 'A'.repeat(1_000_000)],
    ['a secret of guests', guestSecretOf(renewed)],
    ['the secret that the swarm has', secret],
    ['the guests’ secret that the swarm has', guestSecretOf(secret)],
  ])('leads nowhere with %s', async (_, said) => {
    await expect(join(secret).request(listener.peerId, MOVE_PROTOCOL, bytes(said))).rejects.toThrow();
    expect(moves).toEqual([]);
  });
});
