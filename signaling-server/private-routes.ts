import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type SwarmKeys, sameBytes, serverProof } from '../src/protocol/private-swarm.ts';
import { PASS_SCHEME, type ServerChallenge } from '../src/protocol/server-pass.ts';
import type { ModelRoutes } from './model-routes.ts';
import type { ServedModel } from './served-model.ts';

const ROUTE = /^\/swarms\/([0-9a-f]{64})\/(challenge|manifest\.json|shard-\d{1,4}\.(?:gguf|torrent))$/;
/** What pages of other sites may ask with; whose pages those are, the router says. */
const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, HEAD',
  'Access-Control-Allow-Headers': 'Authorization, Range, If-Range, If-None-Match',
};
const PREFLIGHT_SECONDS = 86_400;
/** A proof holds for so long: a download goes on with it, and one that was overheard is soon worth nothing. */
const CHALLENGE_MS = 60 * 60 * 1000;

/** A swarm whose owner has given the server its secret. */
export interface PrivateSwarm {
  readonly keys: SwarmKeys;
  readonly model: ServedModel;
}

/**
 * `/swarms/<name>/`: the model of a private swarm, for those who show that they know its secret. To all others there is
 * nothing here, not even a name: they get the same answer as for a swarm that does not exist.
 */
export class PrivateRoutes {
  readonly #keys: SwarmKeys;
  readonly #files: ModelRoutes;
  readonly #modelName: string;

  constructor({ keys, model }: PrivateSwarm, files: ModelRoutes) {
    this.#keys = keys;
    this.#files = files;
    this.#modelName = model.manifest.name;
  }

  /** @returns bytes of files sent; undefined when there is no such file, and nothing is sent then */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<number | undefined> {
    const [, name, file] = ROUTE.exec(path) ?? [];
    if (request.method === 'OPTIONS' && name !== undefined) {
      // Asked before any proof by a page of another site, and answered for every name: it tells nothing.
      response.writeHead(204, { ...PREFLIGHT, 'Access-Control-Max-Age': PREFLIGHT_SECONDS }).end();
      return 0;
    }
    if (name !== this.#keys.name || !file) return undefined;
    if (file === 'challenge') {
      response.setHeader('Cache-Control', 'no-store');
      const challenge: ServerChallenge = {
        challenge: this.#challenge(Date.now() + CHALLENGE_MS),
        validMs: CHALLENGE_MS,
      };
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(challenge));
      return 0;
    }
    return this.#isProven(request)
      ? this.#files.handle(request, response, `/models/${this.#modelName}/${file}`)
      : undefined;
  }

  /** Made of the secret, so that it outlives the process. */
  #challenge(untilMs: number): string {
    const mac = createHmac('sha256', this.#keys.serverKey).update(`challenge ${untilMs}`).digest('hex');
    return `${untilMs}.${mac}`;
  }

  #isProven({ headers: { authorization = '' } }: IncomingMessage): boolean {
    const [, challenge = '', untilMs = '', proof = ''] =
      new RegExp(`^${PASS_SCHEME} ((\\d{1,16})\\.[0-9a-f]{64}):([0-9a-f]{64})$`).exec(authorization) ?? [];
    if (Number(untilMs) < Date.now()) return false;
    const expected = `${this.#challenge(Number(untilMs))}:${serverProof(this.#keys, challenge)}`;
    return sameBytes(Buffer.from(`${challenge}:${proof}`), Buffer.from(expected));
  }
}
