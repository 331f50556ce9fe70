import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A WebSocket's upgrade by hand: it can say what no browser says. */
export interface RawUpgrade {
  readonly socket: Socket;
  /** Of the answer, e.g. 101. */
  readonly status: number;
}

export interface RawUpgradeOptions {
  readonly host?: string;
  /** More lines of the head. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent right behind the head. */
  readonly more?: string;
}

/** Opens `path` of the server at `url`. */
export async function rawUpgrade(url: string, path: string, options: RawUpgradeOptions = {}): Promise<RawUpgrade> {
  const { host = 'shoal', headers = {}, more = '' } = options;
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${btoa('0123456789abcdef')}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${more}`);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { socket, status: Number(data.toString().split(' ')[1]) };
}
