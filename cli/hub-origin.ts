import { ShoalError } from '../src/core/errors.ts';
import { DEFAULT_HUB, hubFileAddress } from '../src/gguf/model-link.ts';
import { download } from './download.ts';
import type { ModelOrigin } from './model-origin.ts';

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
      return download({ ...model, url: hubFileAddress(hub, model.hub) }, path, options);
    },
  };
}
