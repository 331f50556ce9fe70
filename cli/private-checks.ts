import * as v from 'valibot';
import { deriveKeys, type SwarmSecret } from '../src/protocol/private-swarm.ts';
import { passFor, serverChallengeSchema } from '../src/protocol/server-pass.ts';
import { type Check, check } from '../src/swarm/verify.ts';
import { type CheckedModel, checkModels, MAX_JSON_BYTES, type OfferedModel, readHealth } from './server-checks.ts';
import { readServerFile } from './server-request.ts';

/**
 * Checks what a server offers of a private swarm: all of the model where its owner has given it the secret, else only
 * that it answers, since the files come from tabs then.
 * @returns the models whose manifests are right
 * @throws ShoalError `bad-request` when the secret is none
 */
export async function* checkPrivateServer(
  server: URL,
  manifestId: string,
  secret: SwarmSecret,
): AsyncGenerator<Check, readonly CheckedModel[]> {
  const keys = deriveKeys(secret);
  const folder = new URL(`swarms/${keys.name}/`, server);
  let models: readonly OfferedModel[] = [];
  yield await check('Server', async () => {
    const { version, connections } = await readHealth(server);
    const authorization = await prove();
    if (authorization) models = [{ title: 'the private swarm', manifestId, folder, headers: { authorization } }];
    const files = authorization ? 'it has the secret' : 'it does not have the secret, so files come from tabs alone';
    return `${server.origin} answers: version ${version}, ${connections} connection(s); ${files}`;
  });
  return yield* checkModels(models);

  /** @returns undefined when the server does not serve this swarm */
  async function prove(): Promise<string | undefined> {
    const answer = await readServerFile(new URL('challenge', folder), MAX_JSON_BYTES).catch(() => undefined);
    if (!answer) return undefined;
    const { challenge } = v.parse(serverChallengeSchema, JSON.parse(answer.toString('utf8')));
    return passFor(keys, challenge);
  }
}
