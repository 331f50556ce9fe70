import * as v from 'valibot';
import { type ErrorCode, ShoalError, type WireError } from '../core/errors.ts';
import { MAX_COMMAND_BYTES, MAX_EVIDENCE_TOKENS, MAX_ROUTE_STAGES } from './limits.ts';

/** The libp2p protocol that carries one request and one response. */
export const COMMAND_PROTOCOL = '/shoal/command/1.0.0';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const peerId = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
const shardId = v.pipe(count, v.maxValue(1023));
const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
/** What a checkpoint is kept under: whoever knows it may have it, so every stage is told another. */
const checkpointName = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const layers = v.pipe(
  v.object({ start: count, end: count }),
  v.check(({ start, end }) => start < end, 'layers must be a range [start, end) of at least one'),
);
const text = v.pipe(v.string(), v.maxLength(512));
/** One, or two while a stage moves from one node to another. */
const neighbours = v.optional(v.pipe(v.array(peerId), v.maxLength(2)), []);
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** What a stage says of the first `length` rows of a session: SHA-256 over them, as they came and as they went. */
const rowStatement = v.object({ session, layers, length: count, rows_in: digest, rows_out: digest });
/** Of the stage that says so. @see row-statement.ts */
const signature = v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/));
const signedRows = v.object({ ...rowStatement.entries, signature });
export type RowStatement = v.InferOutput<typeof rowStatement>;
export type SignedRows = v.InferOutput<typeof signedRows>;
const nothing = v.optional(v.undefined());
const empty = v.object({});

/** Every command: what it takes and what it gives. */
export const COMMANDS = {
  /** Every shard file that the node seeds. */
  LIST_FILES: {
    params: nothing,
    result: v.object({
      files: v.pipe(
        v.array(v.object({ info_hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)), filename: text, size: count })),
        v.maxLength(1024),
      ),
    }),
  },
  /** What the node can do, and how busy it is. */
  GET_CAPABILITIES: {
    params: nothing,
    result: v.object({
      /** The lowest shard loaded. */
      shard_id: v.nullable(shardId),
      shards: v.pipe(v.array(shardId), v.maxLength(1024)),
      capabilities: v.object({
        shard_loaded: v.boolean(),
        layers: v.pipe(v.array(layers), v.maxLength(1024)),
        runner: v.picklist(['webgpu', 'cpu', 'none']),
        adapter: text,
        /** Why that runner. */
        runner_reason: v.optional(text),
        software: v.boolean(),
        max_buffer_bytes: nonNegative,
        max_task_tokens: count,
        free_kv_tokens: count,
        layers_per_second: nonNegative,
        queue_length: count,
        version: text,
      }),
    }),
  },
  /** Fetches, verifies and loads a shard; needs the owner's consent. */
  LOAD_SHARD: { params: v.object({ shard_id: shardId }), result: v.object({ shard_id: shardId }) },
  /** Fetches and verifies a shard into the storage without running it; for owners who help to spread the model. */
  KEEP_SHARD: { params: v.object({ shard_id: shardId }), result: v.object({ shard_id: shardId }) },
  /** Frees a shard on the device; needs the owner's consent. */
  UNLOAD_SHARD: { params: v.object({ shard_id: shardId }), result: v.object({ shard_id: shardId }) },
  /**
   * Opens a KV cache for these layers; an older one of the session's for the same layers is closed first. Its tasks are
   * taken from `before` alone, and its outputs go to `after` alone.
   */
  OPEN_SESSION: {
    params: v.object({
      session,
      layers,
      /** The nodes of the stage before, or the coordinator; the coordinator when empty. */
      before: neighbours,
      /** The nodes of the stage after; none when it is the last: results go to the coordinator. */
      after: neighbours,
      max_tokens: v.pipe(count, v.minValue(1)),
      /** Tasks before it are void, as they were meant for an earlier place of the session. */
      first_task: v.optional(count, 0),
      /** Whether the coordinator may ask for hashes of the rows. */
      hashes: v.optional(v.boolean(), true),
      /** Counts up over the coordinator's openings: each command has a stream of its own, so one may overtake another. */
      opening: v.optional(count, 0),
      /** Goes on from what an earlier session of the same layers has kept under this name, if it is there. */
      checkpoint: v.optional(checkpointName),
    }),
    result: v.object({
      max_task_tokens: v.pipe(count, v.minValue(1)),
      /** Positions that the session has from its checkpoint. */
      restored: v.optional(count, 0),
    }),
  },
  /**
   * Rolls KV caches back to `position` tokens: those of `layers`, or all that the session has at this node. Tasks before
   * `first_task` that are still on their way are void. Layers with a state may go back further: the result says how far.
   */
  TRUNCATE_SESSION: {
    params: v.object({ session, layers: v.optional(layers), position: count, first_task: v.optional(count, 0) }),
    result: v.object({ position: count }),
  },
  /** The neighbours of the session's place for `layers` are others now. */
  LINK_SESSION: { params: v.object({ session, layers, before: neighbours, after: neighbours }), result: empty },
  /**
   * Keeps the first `length` positions of the session's caches of `layers` in the node's storage, for some days, under
   * this name; answers when they are there.
   */
  KEEP_SESSION: {
    params: v.object({ session, layers, name: checkpointName, length: v.pipe(count, v.minValue(1)) }),
    result: empty,
  },
  /** Deletes what is kept of these layers under this name. */
  DROP_CHECKPOINT: { params: v.object({ name: checkpointName, layers }), result: empty },
  /** Whether the session's place for `layers` takes its tasks from the node that asks. */
  AWAIT_SESSION: { params: v.object({ session, layers }), result: empty },
  /** What has become of a task of the session's place for `layers`; for the coordinator that waits for it. */
  GET_TASK: {
    params: v.object({ session, layers, task: count }),
    result: v.object({
      /** It has not arrived, waits or is computed here, or has gone on from here. */
      state: v.picklist(['unknown', 'held', 'passed']),
      /** How long the device has been at what it computes now; 0 when it rests. */
      busy_ms: nonNegative,
      /** How long that takes as a rule; 0 while it has computed nothing like it. */
      expected_ms: nonNegative,
    }),
  },
  /**
   * Sends the outputs of `layers` that were kept of positions `[position, length)` along `route`, to build the stages
   * that follow; the first of them must be in `after` of the place, and expect its tasks from here.
   */
  REPLAY_SESSION: {
    params: v.object({
      session,
      layers,
      /** The number that all the tasks of this filling get. */
      task: v.optional(count, 0),
      position: v.optional(count, 0),
      length: count,
      max_tokens: v.pipe(count, v.minValue(1)),
      /** Whether the last stage is to send its output rows to the coordinator. */
      show: v.optional(v.boolean(), false),
      route: v.pipe(v.array(v.object({ peer_id: peerId, layers })), v.minLength(1), v.maxLength(MAX_ROUTE_STAGES)),
    }),
    result: empty,
  },
  /** Sends the outputs of `layers` that were kept of positions `[position, length)` to the coordinator, as results. */
  SHOW_SESSION: {
    params: v.object({
      session,
      layers,
      /** The number that all the results get. */
      task: count,
      position: v.optional(count, 0),
      length: count,
      max_tokens: v.pipe(count, v.minValue(1)),
    }),
    result: empty,
  },
  /** What the node says of the rows of the session's place for `layers`. */
  GET_HASHES: { params: v.object({ session, layers, length: count }), result: signedRows },
  /**
   * Frees the session's KV caches of `layers`, or all that it has at this node; not those of openings after `opening`.
   * An opening up to it that arrives later is void.
   */
  CLOSE_SESSION: {
    params: v.object({ session, layers: v.optional(layers), opening: v.optional(count) }),
    result: empty,
  },
  /**
   * The node that asks has found this peer to lie, by a check of its own. No more than a reason to check it again, unless
   * there is what it has signed: whoever holds the layers can compute for himself.
   */
  REPORT_LIAR: { params: v.object({ peer_id: peerId, evidence: v.optional(signedRows) }), result: empty },
  /**
   * Sends the rows that a liar has signed, as results: those that came, under `task` (or its tokens as the answer), and
   * those that went, under the next number.
   */
  SHOW_EVIDENCE: {
    params: v.object({ session, layers, task: count, max_tokens: v.pipe(count, v.minValue(1)) }),
    result: v.object({ ids: v.optional(v.pipe(v.array(count), v.maxLength(MAX_EVIDENCE_TOKENS))) }),
  },
  PING: { params: nothing, result: empty },
  /** Counters, the newest tasks, and the part of the log that tells what the node serves. */
  GET_STATS: {
    params: nothing,
    result: v.object({
      sessions: count,
      tasks_done: count,
      tasks_failed: count,
      queue_length: count,
      bytes_sent: nonNegative,
      bytes_received: nonNegative,
      recent_tasks: v.pipe(
        v.array(
          v.object({
            layers,
            tokens: count,
            wait_ms: nonNegative,
            compute_ms: nonNegative,
            at: nonNegative,
          }),
        ),
        v.maxLength(64),
      ),
      seeded: count,
      log: v.pipe(v.array(text), v.maxLength(256)),
    }),
  },
  /** Is binary, on a protocol of its own; as a command it is answered with an error that says so. */
  EXECUTE_TASK: { params: v.unknown(), result: empty },
} as const;

export type CommandName = keyof typeof COMMANDS;
export type CommandParams<Name extends CommandName> = v.InferOutput<(typeof COMMANDS)[Name]['params']>;
export type CommandResult<Name extends CommandName> = v.InferOutput<(typeof COMMANDS)[Name]['result']>;

interface Envelope {
  readonly request_id: string;
  readonly from: string;
  readonly to: string;
}

/** A checked request: `params` fit `command`. */
export type CommandRequest = {
  [Name in CommandName]: Envelope & { readonly command: Name; readonly params: CommandParams<Name> };
}[CommandName];

const requestSchema = v.object({
  command: v.picklist(Object.keys(COMMANDS) as CommandName[]),
  request_id: v.pipe(v.string(), v.maxLength(64)),
  from: peerId,
  to: peerId,
  params: v.optional(v.unknown()),
});

const responseSchema = v.variant('status', [
  v.object({ command: v.string(), request_id: v.string(), status: v.literal('success'), result: v.unknown() }),
  v.object({
    command: v.string(),
    request_id: v.string(),
    status: v.literal('error'),
    error: v.object({
      code: v.string(),
      message: v.pipe(v.string(), v.maxLength(4096)),
      queue: v.optional(v.object({ place: count, seconds: nonNegative })),
    }),
  }),
]);

/** A request as it travels: JSON in UTF-8. */
export function encodeRequest(
  request: Envelope & { readonly command: CommandName; readonly params?: unknown },
): Uint8Array<ArrayBuffer> {
  return encode(request);
}

/** @throws ShoalError `bad-command` that names what is wrong */
export function parseRequest(bytes: Uint8Array): CommandRequest {
  const request = check(requestSchema, decode(bytes), 'The request');
  const params = check(COMMANDS[request.command].params, request.params, `The request's params for ${request.command}`);
  return { ...request, params } as CommandRequest;
}

export function encodeSuccess({ command, request_id }: CommandRequest, result: unknown): Uint8Array<ArrayBuffer> {
  return encode({ command, request_id, status: 'success', result });
}

/** The request may be unreadable; its answer then names neither command nor id. */
export function encodeError(request: CommandRequest | undefined, error: WireError): Uint8Array<ArrayBuffer> {
  return encode({ command: request?.command ?? '', request_id: request?.request_id ?? '', status: 'error', error });
}

/** @throws ShoalError as the node answered; `bad-command` when the answer is malformed */
export function parseResponse<Name extends CommandName>(command: Name, bytes: Uint8Array): CommandResult<Name> {
  const response = check(responseSchema, decode(bytes), `The response to ${command}`);
  if (response.status === 'error')
    throw ShoalError.fromWire({ ...response.error, code: response.error.code as ErrorCode });
  return check(
    COMMANDS[command].result as v.GenericSchema<unknown, CommandResult<Name>>,
    response.result,
    `The result of ${command}`,
  );
}

function check<T>(schema: v.GenericSchema<unknown, T>, value: unknown, what: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = v.getDotPath(issue);
  throw new ShoalError('bad-command', `${what} is malformed${place ? ` at "${place}"` : ''}: ${issue.message}`);
}

function encode(message: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(message));
}

function decode(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_COMMAND_BYTES) {
    throw new ShoalError(
      'bad-command',
      `A command has ${bytes.byteLength} bytes; at most ${MAX_COMMAND_BYTES} are allowed.`,
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShoalError('bad-command', 'A command must be JSON in UTF-8.', { cause });
  }
}
