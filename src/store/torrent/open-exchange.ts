import type WebTorrent from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import type { FetchGate } from '../fetch-gate.ts';
import type { ChunkDatabase } from '../idb/chunk-database.ts';
import type { PieceWriter } from '../idb/piece-writer.ts';
import type { SiblingTabs } from '../idb/sibling-tabs.ts';
import type { StoreThread } from '../idb/store-thread.ts';
import { checkTorrent } from '../metainfo/torrent-info.ts';
import type { TorrentRecords } from '../metainfo/torrent-records.ts';
import type { ShardOrigin } from '../shard-store.ts';
import type { HubOptions, HubRecord } from './hub-copy.ts';
import type { PeerCounts } from './peer-counts.ts';
import type { PeerIntroducer } from './peer-introducer.ts';
import type { CreatePeer } from './peer-meetings.ts';
import { ShardExchange } from './shard-exchange.ts';

/** Time for the server's copy of a `.torrent`; peers have the metadata too. */
const TORRENT_FILE_TIMEOUT_MS = 10_000;

/** The torrent client, and what makes connections for it besides its trackers. */
export interface TorrentClient {
  readonly client: WebTorrent;
  readonly createPeer: CreatePeer;
}

/** What every shard of a store exchanges with. */
export interface ExchangeParts {
  readonly chunks: ChunkDatabase;
  readonly writer: PieceWriter;
  readonly thread: StoreThread;
  readonly records: TorrentRecords;
  /** The torrent client, made when first asked for. */
  readonly connect: () => Promise<TorrentClient>;
  readonly announce: readonly string[];
  readonly pieceLength: number;
  readonly webSeedUrl: (shard: ManifestShard) => string | undefined;
  readonly authorize?: (() => Promise<string | undefined>) | undefined;
  /** Where the model's whole file lies, if everybody may have it. */
  readonly hub?: HubOptions | undefined;
  readonly introducer: () => PeerIntroducer | undefined;
  readonly siblings: SiblingTabs;
}

/** What the exchanges of one shard share, one after the other. */
export interface ExchangeState {
  /** Sources that none of them asks. */
  readonly banned: Set<string>;
  readonly counts: PeerCounts;
  readonly gate: FetchGate;
  readonly hubRecord: HubRecord;
}

/** Joins a shard's exchange with what is stored of it, and with its `.torrent` if this browser or the origin has it. */
export async function openExchange(
  origin: ShardOrigin,
  parts: ExchangeParts,
  state: ExchangeState,
): Promise<ShardExchange> {
  const { shard } = origin;
  const { chunks, writer, thread, records, pieceLength, announce, introducer } = parts;
  const [{ client, createPeer }, stored, torrent] = await Promise.all([
    parts.connect(),
    chunks.pieces(shard.infoHash),
    findTorrent(origin, parts),
  ]);
  const webSeedUrl = parts.webSeedUrl(shard);
  const exchange = new ShardExchange({
    client,
    createPeer,
    chunks,
    writer,
    thread,
    shard,
    pieceLength,
    stored,
    torrent,
    announce,
    webSeedUrl,
    authorize: parts.authorize,
    hub: parts.hub,
    introducer,
    ...state,
  });
  exchange.events.on('metadata', (file) => void records.set(shard.infoHash, file).catch(ignoreFull));
  return exchange;
}

async function findTorrent(
  origin: ShardOrigin,
  { records, pieceLength }: ExchangeParts,
): Promise<Uint8Array | undefined> {
  const { shard } = origin;
  const kept = await records.get(shard.infoHash);
  if (kept) return kept;
  const file = await origin.fetchTorrent(AbortSignal.timeout(TORRENT_FILE_TIMEOUT_MS)).catch(() => undefined);
  if (!file) return undefined;
  try {
    const checked = await checkTorrent(file, shard, pieceLength);
    await records.set(shard.infoHash, checked).catch(ignoreFull);
    return checked;
  } catch (error) {
    const { code, message } = ShoalError.from(error);
    if (code === 'bad-manifest') throw error;
    log.warn('TORRENT', `${message} Asking peers instead.`);
    return undefined;
  }
}

/** A `.torrent` that cannot be kept is asked for again next time; the shard's own pieces say that storage is full. */
function ignoreFull(error: unknown): void {
  log.warn('TORRENT', `A torrent file could not be kept: ${ShoalError.from(error).message}`);
}
