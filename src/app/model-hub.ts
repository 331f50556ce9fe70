import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { checkSource } from '../protocol/model-source.ts';
import type { HubOptions } from '../store/torrent/hub-copy.ts';
import type { HubSetting } from './app-model.ts';

export interface ModelHubOptions {
  /** The server's page. */
  readonly page: string;
  readonly isPrivate: boolean;
  /** As the owner wants now. */
  readonly wish: () => HubSetting;
}

/** Where the whole file of a model lies, as far as its manifest, which comes from strangers, may say so. */
export function modelHub(manifest: Manifest, { page, isPrivate, wish }: ModelHubOptions): HubOptions | undefined {
  const { source, shards, hyperparameters } = manifest;
  if (!source) return undefined;
  try {
    return {
      source: checkSource(source, new URL(page).hostname),
      layerCount: hyperparameters.layerCount,
      shards: shards.map(({ sizeBytes, headerBytes }) => ({ sizeBytes, headerBytes })),
      // What a private swarm computes with is nobody's business unless its tab's owner says so.
      allowed: () => wish() === 'always' || (wish() === 'open' && !isPrivate),
    };
  } catch (error) {
    log.warn('TORRENT', `The model's file on the web is left alone: ${ShoalError.from(error).message}`);
    return undefined;
  }
}
