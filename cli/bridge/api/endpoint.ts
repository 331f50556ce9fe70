import type { Exchange } from '../http/exchange.ts';
import type { Swarm } from '../tab/swarm.ts';

/** Answers a request. The router tells its failures in the API's own shape. */
export type Endpoint = (exchange: Exchange, swarm: Swarm) => Promise<void>;
