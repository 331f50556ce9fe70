import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import type { SwarmKeys } from '../protocol/private-swarm.ts';
import { passFor, serverChallengeSchema } from '../protocol/server-pass.ts';
import { serverUrl } from './server-url.ts';

/** This tab's way to the files of a private swarm, where its owner has given the server the secret. */
export class ServerPass {
  readonly #keys: SwarmKeys;
  readonly #page: string;
  #header: Promise<string> | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;

  private constructor(keys: SwarmKeys, page: string) {
    this.#keys = keys;
    this.#page = page;
  }

  /**
   * @param page - the server's
   * @returns undefined when the server does not serve this swarm, or is away
   */
  static async obtain(keys: SwarmKeys, page: string): Promise<ServerPass | undefined> {
    const pass = new ServerPass(keys, page);
    try {
      await pass.authorization();
      return pass;
    } catch {
      return undefined;
    }
  }

  /** @param file - `manifest.json` or `shard-N.gguf` */
  url(file: string): string {
    return serverUrl(`/swarms/${this.#keys.name}/${file}`, this.#page).href;
  }

  /** The `Authorization` header: a proof that it knows the secret, asked for anew before it ends. @throws ShoalError `model-unavailable` */
  authorization(): Promise<string> {
    if (performance.now() > this.#untilMs) this.#header = undefined;
    this.#header ??= this.#prove().catch((error: unknown) => {
      this.#header = undefined;
      throw error;
    });
    return this.#header;
  }

  async #prove(): Promise<string> {
    const url = this.url('challenge');
    const response = await fetch(url, { cache: 'no-store' });
    if (!response.ok) throw new ShoalError('model-unavailable', `The server answered ${response.status} for ${url}.`);
    const { challenge, validMs } = v.parse(serverChallengeSchema, await response.json());
    this.#untilMs = performance.now() + validMs / 2;
    return passFor(this.#keys, challenge);
  }
}
