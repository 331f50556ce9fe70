import type { Manifest } from '../src/protocol/manifest.ts';

/** A model as the server offers it. */
export interface ServedModel {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes: names the swarm. */
  readonly manifestId: string;
  /** Holds `manifest.json`, and `shard-N.gguf` and `shard-N.torrent` of every shard. */
  readonly directory: string;
}

/** Info hashes of every shard, hexadecimal. */
export function infoHashesOf(models: readonly ServedModel[]): Set<string> {
  return new Set(models.flatMap(({ manifest }) => manifest.shards.map(({ infoHash }) => infoHash)));
}
