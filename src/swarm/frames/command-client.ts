import { ShoalError } from '../../core/errors.ts';
import type { Transport } from '../../net/transport.ts';
import {
  COMMAND_PROTOCOL,
  type CommandName,
  type CommandParams,
  type CommandResult,
  encodeRequest,
  parseResponse,
} from '../../protocol/commands.ts';

/** A node that answers no command within this time is treated as unreachable. */
const COMMAND_TIMEOUT_MS = 15_000;
/** These answer when the shard is there, which may mean a download. */
const LOADS: ReadonlySet<CommandName> = new Set(['LOAD_SHARD', 'KEEP_SHARD']);
const LOAD_TIMEOUT_MS = 15 * 60_000;
/** Writing yields to all that the node serves. */
const KEEP_TIMEOUT_MS = 3 * 60_000;

/** Sends commands to nodes, this tab's own among them, and checks the answers. */
export class CommandClient {
  readonly #transport: Transport;
  readonly #handleOwn: (request: Uint8Array) => Promise<Uint8Array>;
  #nextRequest = 0;

  constructor(transport: Transport, handleOwn: (request: Uint8Array) => Promise<Uint8Array>) {
    this.#transport = transport;
    this.#handleOwn = handleOwn;
  }

  /** @throws ShoalError as the node answers; `peer-unreachable`, `timeout`, `bad-command` when the answer is malformed */
  async send<Name extends CommandName>(
    to: string,
    command: Name,
    params: CommandParams<Name>,
    signal?: AbortSignal,
  ): Promise<CommandResult<Name>> {
    const from = this.#transport.peerId;
    const request = encodeRequest({
      command,
      request_id: `${from.slice(-8)}-${this.#nextRequest++}`,
      from,
      to,
      ...(params === undefined ? {} : { params }),
    });
    if (to === from) return parseResponse(command, await this.#handleOwn(request));
    const timeout = AbortSignal.timeout(timeoutOf(command));
    try {
      const response = await this.#transport.request(to, COMMAND_PROTOCOL, request, {
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      return parseResponse(command, response);
    } catch (error) {
      if (timeout.aborted && !signal?.aborted)
        throw new ShoalError('timeout', `Node ${to} did not answer ${command} in time.`, { cause: error });
      throw error;
    }
  }
}

function timeoutOf(command: CommandName): number {
  if (LOADS.has(command)) return LOAD_TIMEOUT_MS;
  return command === 'KEEP_SESSION' ? KEEP_TIMEOUT_MS : COMMAND_TIMEOUT_MS;
}
