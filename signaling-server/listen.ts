import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { ShoalError } from '../src/core/errors.ts';
import { BLOCKED_PORTS } from './blocked-ports.ts';

/**
 * Starts listening.
 * @returns the port
 * @throws ShoalError `port-in-use`, `bad-request` when the host is no address of this machine or browsers block the port
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  if (BLOCKED_PORTS.has(port)) {
    throw new ShoalError(
      'bad-request',
      `Browsers block port ${port}, so no page would open there. Choose another with --port, or 0 for a free one.`,
    );
  }
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ShoalError(
        'port-in-use',
        `Port ${port} of ${host} is in use. Choose another with --port, or 0 for a free one.`,
        { cause },
      );
    }
    throw new ShoalError('bad-request', `Cannot listen on port ${port} of ${host}: ${message}.`, { cause });
  }
  return (server.address() as AddressInfo).port;
}

/** Finds out early whether `listen` would fail. @throws as `listen` */
export async function checkPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  await listen(probe, host, port);
  await new Promise((resolve) => probe.close(resolve));
}
