import type { EventEmitter } from 'node:events';
import { ShoalError } from '../src/core/errors.ts';
import { pathWebSockets } from '../src/net/libp2p/path-web-sockets.ts';

/** The part of the library's listener that takes a socket whose upgrade is done. */
interface Acceptor {
  onWsServerConnection?: (socket: EventEmitter, ...rest: unknown[]) => void;
}

/**
 * libp2p's WebSocket transport for a server that strangers reach. The library (10.1.21) hears no `error` of the sockets
 * that it accepts, so that one malformed frame ends the process; here it only ends the connection, which `ws` closes by
 * itself.
 */
export function sturdyWebSockets(): ReturnType<typeof pathWebSockets> {
  const createTransport = pathWebSockets();
  return (components) => {
    const transport = createTransport(components);
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => {
      const listener = createListener(options);
      hearErrors(listener as Acceptor);
      return listener;
    };
    return transport;
  };
}

function hearErrors(listener: Acceptor): void {
  const accept = listener.onWsServerConnection;
  if (!accept) throw new ShoalError('internal', 'The WebSocket listener of libp2p is not the one that Shoal knows.');
  listener.onWsServerConnection = (socket, ...rest) => {
    socket.on('error', () => {});
    accept.call(listener, socket, ...rest);
  };
}
