/** Every cap of the bridge, each with its reason. */

/** Answers at once: as many conversations as a coordinator keeps KV caches of (`Conversations`). */
export const MAX_ANSWERS = 4;
/** Requests that wait for an engine: behind a full queue the last waits for sixteen answers, which is minutes. */
export const MAX_WAITING = 64;
/** One body: a context of 128 Ki tokens takes half a megabyte, and twice that with JSON's escapes. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Connections at once: programs on one machine, each with a pool of some dozen. */
export const MAX_CONNECTIONS = 256;
/** A request's head that takes so long is none: programs send it at once. */
export const HEAD_TIMEOUT_MS = 10_000;
/** A whole request, body included: loopback carries the largest in a moment. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Whether a head or a request is late is looked at this often. */
export const LATE_CHECK_MS = 2_000;
/** An answer of which no byte is taken for so long is read by nobody, and holds an engine. */
export const READ_TIMEOUT_MS = 30_000;
/** A stream says something this often, so that clients and proxies do not take a long prompt for a dead connection. */
export const KEEP_ALIVE_MS = 15_000;
/** When a client that was refused for a full queue may come again, s: an answer takes some seconds. */
export const BUSY_RETRY_S = 5;
/** When a client that met no tab may come again, s: opening one takes about as long. */
export const UNAVAILABLE_RETRY_S = 10;
/** Time for answers to end when the bridge stops. */
export const CLOSE_GRACE_MS = 500;
