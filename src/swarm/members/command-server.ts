import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { Transport } from '../../net/transport.ts';
import {
  COMMAND_PROTOCOL,
  type CommandParams,
  type CommandRequest,
  type CommandResult,
  encodeError,
  encodeSuccess,
  parseRequest,
} from '../../protocol/commands.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { LiarEvidence } from '../coordinator/liar-evidence.ts';
import type { LiarReports } from '../coordinator/liar-reports.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import type { RowStatements } from '../frames/row-statements.ts';
import type { ShardKeeper } from '../shards/shard-keeper.ts';
import type { StageServer } from '../stage/stage-server.ts';
import { VERSION } from './version.ts';

export interface CommandServerOptions {
  readonly peerId: string;
  readonly stages: StageServer;
  readonly store: ShardStore;
  readonly keeper: ShardKeeper;
  readonly exchange: FrameExchange;
  readonly reports: LiarReports;
  readonly evidence: () => Promise<LiarEvidence>;
  readonly statements: Pick<RowStatements, 'sign'>;
  readonly consents: () => Consents;
  /** Whether the owner lets this tab store shards for others. */
  readonly spreads: () => boolean;
}

/** What the owner lets others do. */
export interface Consents {
  /** Anybody may ask this node to load a shard. */
  readonly acceptRemoteLoads: boolean;
  /** These may ask it to let one go. */
  readonly acceptRemoteUnloads: boolean;
  readonly trustedPeers: readonly string[];
}

/** The part of the log that others may read: what this node serves and what its device said of it, never what is asked. */
const SHARED_LOG_SCOPES = new Set(['TORRENT', 'SHARD', 'LOAD_SHARD', 'EXECUTE_TASK', 'GPU']);
/** Lines of it in one answer: fits `MAX_COMMAND_BYTES` many times over. */
const SHARED_LOG_LINES = 200;

/** Answers the commands of other nodes and of this tab. */
export class CommandServer {
  readonly #options: CommandServerOptions;
  #runner: LayerRunner | undefined;

  constructor(options: CommandServerOptions) {
    this.#options = options;
  }

  useRunner(runner: LayerRunner | undefined): void {
    this.#runner = runner;
  }

  listen(transport: Transport): Unsubscribe {
    return transport.handleRequests(COMMAND_PROTOCOL, (from, request) => this.handle(from, request));
  }

  /** Always answers: a request that cannot be carried out, or read, gets an error response. */
  async handle(from: string, bytes: Uint8Array): Promise<Uint8Array> {
    let request: CommandRequest | undefined;
    try {
      request = parseRequest(bytes);
      if (request.to !== this.#options.peerId)
        throw new ShoalError('bad-command', `This command is for ${request.to}; this node is ${this.#options.peerId}.`);
      // Who asks is known from the connection; what the request says of itself must agree.
      if (request.from !== from)
        throw new ShoalError('bad-command', `The command says that it is from ${request.from}, and came from ${from}.`);
      return encodeSuccess(request, await this.#execute(from, request));
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      if (error.code === 'internal')
        log.error('COMMAND', `${request?.command ?? 'A command'} failed: ${error.message}`);
      return encodeError(request, error.toWire());
    }
  }

  async #execute(from: string, request: CommandRequest): Promise<CommandResult<CommandRequest['command']>> {
    const { stages, keeper } = this.#options;
    switch (request.command) {
      case 'LIST_FILES':
        return this.#listFiles();
      case 'GET_CAPABILITIES':
        return this.#capabilities();
      case 'LOAD_SHARD':
        this.#requireConsent(from, this.#options.consents().acceptRemoteLoads, 'load shards here');
        keeper.refusePaused(request.params.shard_id);
        await keeper.serve(request.params.shard_id);
        return { shard_id: request.params.shard_id };
      case 'KEEP_SHARD':
        if (!this.#options.spreads()) {
          throw new ShoalError('consent-required', "This node's owner does not help to spread the model.");
        }
        keeper.refusePaused(request.params.shard_id);
        await keeper.keep(request.params.shard_id, {});
        return { shard_id: request.params.shard_id };
      case 'UNLOAD_SHARD': {
        const { acceptRemoteUnloads, trustedPeers } = this.#options.consents();
        this.#requireConsent(from, acceptRemoteUnloads && trustedPeers.includes(from), 'unload shards here');
        await keeper.release(request.params.shard_id);
        return { shard_id: request.params.shard_id };
      }
      case 'OPEN_SESSION': {
        const { session, layers, before, after, hashes, max_tokens, first_task, opening, checkpoint } = request.params;
        const limits = { maxTokens: max_tokens, firstTask: first_task, opening };
        const place = { session, layers, before, after, hashes, ...limits, checkpoint };
        const { maxTaskTokens, restored } = await stages.openSession(from, place);
        return { max_task_tokens: maxTaskTokens, restored };
      }
      case 'TRUNCATE_SESSION': {
        const { session, layers, position, first_task } = request.params;
        return { position: await stages.truncateSession(from, session, layers, position, first_task) };
      }
      case 'LINK_SESSION': {
        const { session, layers, ...neighbours } = request.params;
        stages.linkSession(from, session, layers, neighbours);
        return {};
      }
      case 'KEEP_SESSION': {
        const { session, layers, name, length } = request.params;
        await stages.keepSession(from, session, layers, name, length);
        return {};
      }
      case 'DROP_CHECKPOINT':
        await stages.dropCheckpoint(request.params.name, request.params.layers);
        return {};
      case 'AWAIT_SESSION':
        stages.awaitSession(from, request.params.session, request.params.layers);
        return {};
      case 'GET_TASK': {
        const { session, layers, task } = request.params;
        const { state, busyMs, expectedMs } = stages.taskState(from, session, layers, task);
        return { state, busy_ms: busyMs, expected_ms: expectedMs };
      }
      case 'REPLAY_SESSION': {
        const { session, layers, task, position, length, max_tokens, show } = request.params;
        const route = request.params.route.map((stage) => ({ peerId: stage.peer_id, layers: stage.layers }));
        const positions = { start: position, end: length };
        await stages.replaySession(from, session, layers, task, positions, max_tokens, route, show);
        return {};
      }
      case 'SHOW_SESSION': {
        const { session, layers, task, position, length, max_tokens } = request.params;
        await stages.showSession(from, session, layers, task, { start: position, end: length }, max_tokens);
        return {};
      }
      case 'GET_HASHES': {
        const { session, layers, length } = request.params;
        const hashes = stages.hashes(from, session, layers, length);
        const { statements } = this.#options;
        return statements.sign({ session, layers, length, rows_in: hashes.in, rows_out: hashes.out });
      }
      case 'CLOSE_SESSION': {
        const { session, layers, opening } = request.params;
        await stages.closeSession(from, session, layers, opening);
        return {};
      }
      case 'REPORT_LIAR':
        this.#hearOfLiar(from, request.params);
        return {};
      case 'SHOW_EVIDENCE':
        return (await this.#options.evidence()).show(from, request.params);
      case 'PING':
        return {};
      case 'GET_STATS':
        return this.#stats();
      case 'EXECUTE_TASK':
        throw new ShoalError(
          'bad-command',
          'EXECUTE_TASK is binary: open a session, then send task frames on the activation protocol.',
        );
    }
  }

  #hearOfLiar(from: string, { peer_id: peerId, evidence }: CommandParams<'REPORT_LIAR'>): void {
    if (!this.#options.reports.hear(from, peerId) || !evidence) return;
    void this.#options.evidence().then(
      (shelf) => shelf.hear(from, peerId, evidence),
      () => undefined,
    );
  }

  /** @throws ShoalError `consent-required` unless the owner has given it, or asks himself */
  #requireConsent(from: string, given: boolean, what: string): void {
    if (from === this.#options.peerId || given) return;
    throw new ShoalError('consent-required', `This node's owner has not allowed you to ${what}.`);
  }

  #listFiles(): CommandResult<'LIST_FILES'> {
    return {
      files: this.#options.store
        .seeded()
        .map(({ infoHash, fileName, sizeBytes }) => ({ info_hash: infoHash, filename: fileName, size: sizeBytes })),
    };
  }

  #capabilities(): CommandResult<'GET_CAPABILITIES'> {
    const { keeper, stages } = this.#options;
    const shards = keeper.ready();
    const info = this.#runner?.info;
    return {
      shard_id: shards[0] ?? null,
      shards,
      capabilities: {
        shard_loaded: shards.length > 0,
        layers: keeper.layers(),
        runner: info?.kind ?? 'none',
        adapter: info?.adapter ?? '',
        ...(info?.reason ? { runner_reason: info.reason } : {}),
        software: info?.software ?? false,
        max_buffer_bytes: info?.maxBufferBytes ?? 0,
        max_task_tokens: info?.maxTaskTokens ?? 0,
        free_kv_tokens: this.#runner?.freeTokens() ?? 0,
        layers_per_second: stages.layersPerSecond,
        queue_length: stages.queueLength,
        version: VERSION,
      },
    };
  }

  #stats(): CommandResult<'GET_STATS'> {
    const { stages, store, exchange } = this.#options;
    return {
      sessions: stages.sessionCount,
      tasks_done: stages.tasksDone,
      tasks_failed: stages.tasksFailed,
      queue_length: stages.queueLength,
      bytes_sent: exchange.bytesSent,
      bytes_received: exchange.bytesReceived,
      recent_tasks: stages.recentTasks().map(({ layers, tokens, waitMs, computeMs, atMs }) => ({
        layers,
        tokens,
        wait_ms: waitMs,
        compute_ms: computeMs,
        at: atMs,
      })),
      seeded: store.seeded().length,
      log: sharedLog(),
    };
  }
}

/** The newest lines, each once: a line that every task repeats must not push the others out. */
function sharedLog(): string[] {
  const lines = new Set(
    log
      .lines()
      .filter(({ scope }) => SHARED_LOG_SCOPES.has(scope))
      .map(({ scope, text }) => `[${scope}] ${text}`),
  );
  return [...lines].slice(-SHARED_LOG_LINES);
}
