import { HttpError } from '../http/http-error.ts';
import type { Swarm } from '../tab/swarm.ts';

/**
 * The model that a request names; it may name none.
 * @throws HttpError 404 for another than the swarm serves, 400 for no name
 */
export function checkModel(named: unknown, { model }: Swarm): string {
  if (named === undefined || named === null || named === model) return model;
  if (typeof named !== 'string')
    throw new HttpError(400, `The request's "model" is wrong: expected a name such as "${model}".`, { param: 'model' });
  throw new HttpError(404, `This swarm serves the model "${model}", not "${named.slice(0, 100)}". Name that one.`, {
    reason: 'model_not_found',
    param: 'model',
  });
}
