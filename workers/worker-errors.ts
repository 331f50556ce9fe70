import * as comlink from 'comlink';
import { ShoalError, type WireError } from '../src/core/errors.ts';

/** What comlink hands to its transfer handler for thrown values. */
interface Thrown {
  readonly value: unknown;
}

/**
 * Makes errors that cross a worker boundary arrive as ShoalErrors with their code, which comlink alone loses. To be
 * called once on each side, before the first call.
 */
export function installErrorTransfer(): void {
  const { canHandle } = comlink.transferHandlers.get('throw')!;
  const handler: comlink.TransferHandler<Thrown, WireError> = {
    canHandle: (value): value is Thrown => canHandle(value),
    serialize: ({ value }) => [ShoalError.from(value).toWire(), []],
    deserialize: (wire) => {
      throw ShoalError.fromWire(wire);
    },
  };
  comlink.transferHandlers.set('throw', handler);
}

/**
 * The remote API with calls that also settle when the worker dies: comlink alone leaves them pending for ever. A worker
 * whose script does not load or that throws outside a call counts as dead, and is ended.
 * @throws ShoalError `internal` from every pending and later call of a dead worker
 */
export function rejectWhenDead<Api>(worker: Worker, remote: comlink.Remote<Api>): comlink.Remote<Api> {
  const pending = new Set<(error: ShoalError) => void>();
  let death: ShoalError | undefined;
  const die = (reason: string) => {
    death ??= new ShoalError('internal', `A background worker of this page ended: ${reason}. Reload the page.`);
    worker.terminate();
    for (const reject of [...pending]) reject(death);
  };
  worker.addEventListener('error', (event) => die(event.message || 'its script did not load'));
  worker.addEventListener('messageerror', () => die('a message could not be read'));
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    terminate();
    if (!death) die('it was stopped');
  };

  const guard = (call: () => Promise<unknown>) =>
    new Promise((resolve, reject) => {
      if (death) return reject(death);
      pending.add(reject);
      call()
        .then(resolve, reject)
        .finally(() => pending.delete(reject));
    });
  const methods = remote as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return new Proxy(remote, {
    get: (_, name) => {
      // A promise resolved with this object would otherwise take it for a promise.
      if (typeof name !== 'string' || name === 'then') return undefined;
      return (...args: unknown[]) => guard(() => methods[name]!(...args));
    },
  });
}
