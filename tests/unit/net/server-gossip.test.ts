import type { GossipSubComponents } from '@libp2p/gossipsub';
import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { beforeEach, expect, it, vi } from 'vitest';
import { ServerGossip } from '../../../src/net/libp2p/server-gossip.ts';

const [ONE, OTHER, TAB] = [
  '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  '12D3KooWHUtKqPhwj6QUVtzYGxqmnVwHoV7MCyJpiDYM1zpEBBc6',
  '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
].map((id) => peerIdFromString(id)) as [Peer, Peer, Peer];
type Peer = ReturnType<typeof peerIdFromString>;
type Registrar = GossipSubComponents['registrar'];

/** What the gossip registered with the node, and what the node then tells. */
class FakeRegistrar {
  onConnect: ((peer: Peer, connection: Connection) => void) | undefined;
  onStream: ((stream: Stream, connection: Connection) => void) | undefined;
  readonly unregister = vi.fn();
  readonly protocols = ['/meshsub/1.1.0'];

  handle = vi.fn(async (_protocol: string, handler: (stream: Stream, connection: Connection) => void) => {
    this.onStream = handler;
  });

  register = vi.fn(
    async (_protocol: string, topology: { onConnect?: (peer: Peer, connection: Connection) => void }) => {
      this.onConnect = topology.onConnect;
      return 'id';
    },
  );

  /** A method that needs its own object. */
  getProtocols(): string[] {
    return this.protocols;
  }
}

let registrar: FakeRegistrar;
let gossip: ServerGossip;
/** Seen by the gossip: who came, who went, whose streams. */
let seen: string[];
const connectionTo = (peer: Peer, status = 'open') => ({ remotePeer: peer, status }) as unknown as Connection;

const nameOf = (peer: { toString(): string }) =>
  ['one', 'other', 'tab'][[ONE, OTHER, TAB].findIndex((own) => own.toString() === peer.toString())];

beforeEach(async () => {
  registrar = new FakeRegistrar();
  seen = [];
  gossip = new ServerGossip((peerId) => peerId !== TAB.toString());
  gossip.choose(ONE, undefined);
  const components = { registrar: registrar as unknown as Registrar, peerId: TAB } as unknown as GossipSubComponents;
  const view = gossip.view(components);
  await view.registrar.handle('/meshsub/1.1.0', (_stream, connection) => {
    seen.push(`stream of ${nameOf(connection.remotePeer)}`);
  });
  await view.registrar.register('/meshsub/1.1.0', {
    onConnect: (peer) => void seen.push(`${nameOf(peer)} came`),
    onDisconnect: (peer) => void seen.push(`${nameOf(peer)} went`),
  });
  expect(view.peerId).toBe(TAB);
  expect(view.registrar.getProtocols()).toEqual(['/meshsub/1.1.0']);
});

const come = (peer: Peer) => registrar.onConnect!(peer, connectionTo(peer));
const open = (peer: Peer, connection = connectionTo(peer)) => registrar.onStream!({} as Stream, connection);

it('is with the chosen server and with tabs, and with no other server', () => {
  for (const peer of [ONE, OTHER, TAB]) {
    come(peer);
    open(peer);
  }
  expect(seen).toEqual(['one came', 'stream of one', 'tab came', 'stream of tab']);
  expect(gossip.chosen).toBe(ONE.toString());
});

it('goes over to another server, which takes up what that had begun', () => {
  come(ONE);
  come(OTHER);
  open(OTHER);
  seen.length = 0;
  gossip.choose(OTHER, connectionTo(OTHER));
  expect(seen).toEqual(['one went', 'other came', 'stream of other']);
  seen.length = 0;
  open(ONE);
  come(ONE);
  expect(seen).toEqual([]);
  // What it had begun was taken up once.
  gossip.choose(ONE, connectionTo(ONE));
  gossip.choose(OTHER, connectionTo(OTHER));
  expect(seen.filter((line) => line === 'stream of other')).toEqual([]);
  expect(seen).toEqual(['other went', 'one came', 'stream of one', 'one went', 'other came']);
});

it('waits for a server that is not connected yet', () => {
  come(ONE);
  seen.length = 0;
  gossip.choose(OTHER, undefined);
  expect(seen).toEqual(['one went']);
  come(OTHER);
  expect(seen).toEqual(['one went', 'other came']);
});

it('takes up nothing of a connection that has ended since', () => {
  open(OTHER, connectionTo(OTHER, 'closed'));
  gossip.choose(OTHER, connectionTo(OTHER));
  expect(seen).toEqual(['one went', 'other came']);
});

it('says once that a server was chosen again', () => {
  come(ONE);
  gossip.choose(ONE, undefined);
  expect(seen).toEqual(['one came']);
});
