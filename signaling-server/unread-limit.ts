import { MAX_UNREAD_BYTES } from './limits.ts';

/** The part of a WebSocket of `ws` that tells what waits for its reader. */
interface Sender {
  readonly bufferedAmount: number;
  send(...message: never[]): void;
  terminate(): void;
}

/** Ends a WebSocket as soon as more waits for it than a reader leaves: others' messages would pile up for it. */
export function endWhenUnread(socket: Sender, onEnd: () => void): void {
  const send = socket.send.bind(socket);
  socket.send = (...message) => {
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) {
      onEnd();
      socket.terminate();
    }
    send(...message);
  };
}
