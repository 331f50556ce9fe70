import type { Swarm } from '../tab/swarm.ts';
import type { Endpoint } from './endpoint.ts';
import { checkModel } from './model-name.ts';

/** When the bridge began to tell of its model. */
const SINCE = new Date();

/** `GET /v1/models`: a list of the swarm's one model. */
export const listModels: Endpoint = async (exchange, swarm) => {
  const model = describe(swarm);
  exchange.reply({ object: 'list', data: [model], has_more: false, first_id: model.id, last_id: model.id });
};

/** `GET /v1/models/{id}`. */
export const showModel =
  (id: string): Endpoint =>
  async (exchange, swarm) => {
    checkModel(id, swarm);
    exchange.reply(describe(swarm));
  };

/** With the fields of both OpenAI's and Anthropic's models: neither's clients mind the other's. */
function describe({ model }: Swarm) {
  return {
    ...{ id: model, object: 'model', created: Math.floor(SINCE.getTime() / 1000), owned_by: 'shoal' },
    ...{ type: 'model', display_name: model, created_at: SINCE.toISOString() },
  };
}
