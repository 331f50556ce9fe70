import type { Torrent, Wire } from 'webtorrent';

/** Peers of one shard: each is an RTCPeerConnection of a megabyte or more, and a tab may exchange every shard. */
const MAX_PEERS = 12;
/** Peers that one announce invites while pieces are missing: webtorrent's most. */
const LEECHER_OFFERS = 5;
/** Of a complete copy: those who miss pieces do the inviting, and each offer costs an RTCPeerConnection for 50 s. */
const SEED_OFFERS = 2;

/** Bounds a torrent's peer connections, and keeps them for peers that there is something to exchange with. */
export function limitPeers(torrent: Torrent): void {
  const dropUseless = (wire: Wire) => {
    if (torrent.done && isComplete(wire, torrent)) wire.destroy();
  };
  const adjust = () => {
    if (torrent.destroyed) return;
    if (torrent.numPeers >= MAX_PEERS) torrent.pause();
    else if (torrent.paused) torrent.resume();
  };
  torrent.on('wire', (wire) => {
    for (const event of ['bitfield', 'have', 'have-all'] as const) wire.on(event, () => dropUseless(wire));
    wire.on('close', () => queueMicrotask(adjust));
    adjust();
  });
  torrent.on('done', () => {
    for (const wire of [...torrent.wires]) dropUseless(wire);
  });
}

/** `wire.isSeeder` is no help: it is true of every peer whose first bitfield is still to come, and of some for ever. */
function isComplete({ peerPieces }: Wire, { pieces }: Torrent): boolean {
  return pieces.every((_, piece) => peerPieces.get(piece));
}

/** Peers to ask the tracker for. @param complete - whether nothing is missing; the torrent itself learns that late */
export function wantedPeers(torrent: Torrent | undefined, complete: boolean): number {
  if (torrent && torrent.numPeers >= MAX_PEERS) return 0;
  return complete ? SEED_OFFERS : LEECHER_OFFERS;
}
