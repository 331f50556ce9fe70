import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy before a server that keeps all that clients send. */
export interface RecordingProxy {
  readonly url: string;
  /** What the server has received: requests as they were, and what WebSockets carried, without its masks. */
  received(): Buffer;
  close(): void;
}

const MASKED = 0x80;

/** @param target - address of a server without TLS */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const { port, hostname } = new URL(target);
  const connections: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    const sent: Buffer[] = [];
    connections.push(sent);
    socket.on('data', (chunk) => sent.push(chunk));
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => Buffer.concat(connections.map((sent) => unmask(Buffer.concat(sent)))),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function unmask(sent: Buffer): Buffer {
  const upgrade = sent.indexOf('Upgrade: websocket');
  if (upgrade < 0) return sent;
  let at = sent.indexOf('\r\n\r\n', upgrade) + 4;
  const parts = [sent.subarray(0, at)];
  while (at + 6 <= sent.length) {
    let length = sent[at + 1]! & ~MASKED;
    if ((sent[at + 1]! & MASKED) === 0) throw new Error('A client sent a frame without a mask.');
    let start = at + 2;
    if (length === 126) {
      length = sent.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      length = Number(sent.readBigUInt64BE(start));
      start += 8;
    }
    const mask = sent.subarray(start, start + 4);
    const payload = sent.subarray(start + 4, start + 4 + length);
    parts.push(payload.map((byte, index) => byte ^ mask[index % 4]!) as Buffer);
    at = start + 4 + length;
  }
  return Buffer.concat(parts);
}
