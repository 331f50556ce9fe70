import { ShoalError } from '../src/core/errors.ts';
import type { ModelSpec } from './catalogue.ts';
import { download } from './download.ts';
import type { ModelOrigin } from './model-origin.ts';

const DEFAULT_HUB = 'https://huggingface.co';

/** The hub's address: the environment variable `HF_ENDPOINT` is the usual way to name a mirror. */
export function hubAddress(): string {
  return process.env.HF_ENDPOINT || DEFAULT_HUB;
}

/** A Hugging Face hub. @param hub - another hub's address */
export function hubOrigin(hub: string = hubAddress()): ModelOrigin {
  return {
    label: new URL(hub).host,
    fetch: async (model, path, options) => {
      if (!model.hub) throw new ShoalError('model-unavailable', `no address of ${model.name} is known`);
      return download({ ...model, url: resolveAddress(hub, model.hub) }, path, options);
    },
  };
}

/** Where a hub has a file. */
export function resolveAddress(hub: string, { repository, revision, fileName }: NonNullable<ModelSpec['hub']>): string {
  return `${hub}/${repository}/resolve/${revision}/${fileName}`;
}
