import { webSockets } from '@libp2p/websockets';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';

type WebSocketTransport = ReturnType<typeof webSockets>;

/**
 * libp2p's WebSocket transport that dials below a path too (`…/ws/http-path/shoal%2Frelay/p2p/…`), as a relay behind a
 * reverse proxy needs. The library (10.1.21) makes the right URL of such an address, and does not take it for its own.
 */
export function pathWebSockets(): WebSocketTransport {
  const createTransport = webSockets();
  return (components) => {
    const transport = createTransport(components);
    const dialFilter = transport.dialFilter.bind(transport);
    transport.dialFilter = (addresses) => addresses.filter((address) => dialFilter([withoutPath(address)]).length > 0);
    return transport;
  };
}

/** The same address without the path of its WebSocket: what libp2p knows as a relay's in front of `/p2p-circuit`. */
export function withoutPath(address: Multiaddr): Multiaddr {
  return multiaddr(address.getComponents().filter(({ name }) => name !== 'http-path'));
}
