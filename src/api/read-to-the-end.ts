/**
 * Hands events on as they are asked for. When the signal fires while nobody asks, the rest is read here and kept: what
 * is behind the events comes to its end though its reader may have gone, and a reader that was only slow misses nothing.
 * @param onEnd - called once the events have ended, whoever has read them
 */
export async function* readToTheEnd<Event>(
  events: AsyncGenerator<Event, void>,
  signal: AbortSignal,
  onEnd: () => void,
): AsyncGenerator<Event, void> {
  let rest: Promise<Rest<Event>> | undefined;
  const readRest = () => {
    rest ??= collect(events).finally(onEnd);
  };
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (signal.aborted) readRest();
      else signal.addEventListener('abort', readRest, { once: true });
      try {
        yield next.value;
      } finally {
        signal.removeEventListener('abort', readRest);
      }
      if (!rest) continue;
      const { events: kept, failure } = await rest;
      yield* kept;
      if (failure) throw failure.error;
      return;
    }
  } finally {
    await events.return();
    onEnd();
  }
}

interface Rest<Event> {
  readonly events: readonly Event[];
  readonly failure: { readonly error: unknown } | undefined;
}

async function collect<Event>(events: AsyncGenerator<Event, void>): Promise<Rest<Event>> {
  const kept: Event[] = [];
  try {
    for await (const event of events) kept.push(event);
    return { events: kept, failure: undefined };
  } catch (error) {
    return { events: kept, failure: { error } };
  }
}
