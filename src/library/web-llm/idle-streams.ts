import type { WorkerRequest, WorkerResponse } from '@mlc-ai/web-llm';

/** Between two parts of an answer; a page in the background reads one a second, or one a minute. */
const IDLE_MS = 90_000;

interface Asked {
  readonly streamId: string;
  /** Whether the stream is over with the answer to this. */
  readonly ends: boolean;
}

/**
 * Ends streams that nobody reads on: the page that asked may be closed, or the service worker have been started anew, and
 * an engine that waits for its reader answers nobody else.
 */
export class IdleStreams {
  readonly #end: (streamId: string) => void;
  /** Requests that are not answered, by their id. */
  readonly #asked = new Map<string, Asked>();
  readonly #idle = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param end - ends a stream */
  constructor(end: (streamId: string) => void) {
    this.#end = end;
  }

  onRequest({ kind, uuid, content }: WorkerRequest): void {
    if (typeof content !== 'object' || content === null || !('streamId' in content)) return;
    const { streamId } = content;
    this.#forget(streamId);
    this.#asked.set(uuid, { streamId, ends: kind === 'completionStreamReturn' });
  }

  onResponse({ kind, uuid, ...response }: WorkerResponse): void {
    const asked = this.#asked.get(uuid);
    if (!asked) return;
    this.#asked.delete(uuid);
    // The last part of a stream is none.
    const isOver = asked.ends || kind === 'throw' || !('content' in response) || response.content === undefined;
    if (isOver) return;
    const { streamId } = asked;
    this.#idle.set(
      streamId,
      setTimeout(() => {
        this.#idle.delete(streamId);
        this.#end(streamId);
      }, IDLE_MS),
    );
  }

  close(): void {
    for (const streamId of [...this.#idle.keys()]) this.#forget(streamId);
  }

  #forget(streamId: string): void {
    clearTimeout(this.#idle.get(streamId));
    this.#idle.delete(streamId);
  }
}
