import { ShoalError } from '../../core/errors.ts';
import { formatLayers, type LayerRange } from '../../core/ranges.ts';
import { RowDigests } from './row-digests.ts';
import type { Work, WorkLane } from './stage-work.ts';
import { Lane } from './task-queue.ts';

/** A session that rests for so long gives its KV pages back; a coordinator that returns replays it. */
const IDLE_MS = 15 * 60_000;
/** So does one whose coordinator has gone: its tab is closed, or would have opened a new channel at once. */
const ABANDONED_MS = 30_000;

/** A coordinator has its channel before it opens a place; one that comes back opens another in this time. */
const ARRIVAL_MS = 2000;

/** Closings remembered: what a closing has overtaken arrives within seconds, and no node closes so many in them. */
const MAX_CLOSED = 1024;

/** Between whom a session's place stands, as its coordinator says: one each, or two while a stage moves. */
export interface Neighbours {
  /** Its tasks come from these nodes; from the coordinator when there are none. */
  readonly before: readonly string[];
  /** Its outputs go to these; to the coordinator alone when there are none. */
  readonly after: readonly string[];
}

/** What a coordinator asks for when it opens a session's place. */
export interface PlaceRequest extends Neighbours {
  /** The session's id on the wire. */
  readonly session: string;
  readonly layers: LayerRange;
  /** Positions that it may come to hold. */
  readonly maxTokens: number;
  /** Tasks before it are meant for an earlier place of the session, and void. */
  readonly firstTask: number;
  /** Whether the coordinator may ask for hashes of the rows. */
  readonly hashes: boolean;
  /** Under which name an earlier session has kept its caches, if one has. */
  readonly checkpoint?: string | undefined;
  /** Of two openings of one place the later has the higher number, whichever arrives first. */
  readonly opening: number;
}

/** A session's place at this node: KV pages for a layer range. A session may have several, of different layers. */
export interface StageSession {
  /** The session's id on the wire. */
  readonly id: string;
  /** Names the place for the runner: the session, its layers, and which opening of them it is. */
  readonly place: string;
  readonly coordinator: string;
  readonly layers: LayerRange;
  neighbours: Neighbours;
  /** Of the rows that came, and of those that went on; undefined where nobody will ask. */
  rows: { readonly in: RowDigests; readonly out: RowDigests } | undefined;
  /** By node after it: whether that one has said that it takes the session's tasks from here. */
  readonly awaited: Map<string, Promise<void>>;
  /** @see PlaceRequest */
  readonly opening: number;
  /** Its tasks, which run in the order of their arrival. */
  readonly lane: WorkLane;
  readonly openedAtMs: number;
  usedAtMs: number;
  /** When its coordinator was last seen connected, or had work for it. */
  heardAtMs: number;
  /** Tasks before this one are void: the coordinator has rolled back since it sent them. */
  firstTask: number;
  /** The newest task that has arrived, and the newest that has gone on from here; -1 before the first. */
  arrivedTask: number;
  passedTask: number;
  /** When its tasks were last logged. */
  loggedAtMs: number;
  /** Its first positions that are as in its newest checkpoint, or as they were when that was begun. */
  keptTo: number;
}

/** The sessions open on this node: whose they are, how many there may be, and when one is over. */
export class StageSessions {
  /** By session and layers. */
  readonly #places = new Map<string, StageSession>();
  /** By coordinator and what it closed: the last opening that the closing was meant for. The newest last. */
  readonly #closed = new Map<string, number>();

  /** Places taken. */
  get size(): number {
    return this.#places.size;
  }

  /**
   * The older place that the new one takes over from, if there is any.
   * @throws ShoalError `bad-request` when the session has this place already, or was closed meanwhile
   */
  checkNew(coordinator: string, { session, layers, opening }: PlaceRequest): StageSession | undefined {
    const where = `for layers ${formatLayers(layers)}`;
    const closed = [closingOf(coordinator, session, layers), closingOf(coordinator, session)];
    if (closed.some((closing) => opening <= (this.#closed.get(closing) ?? Number.NEGATIVE_INFINITY)))
      throw new ShoalError('bad-request', `Session ${session} was closed ${where} since it was to be opened.`);
    const open = this.#places.get(placeOf(session, layers));
    if (open && (open.coordinator !== coordinator || open.opening >= opening))
      throw new ShoalError('bad-request', `Session ${session} is open already ${where}.`);
    return open;
  }

  /** An opening up to this one that arrives from now on is void; all of the session's unless layers are named. */
  rememberClosed(coordinator: string, id: string, layers: LayerRange | undefined, opening: number): void {
    const closing = closingOf(coordinator, id, layers);
    this.#closed.delete(closing);
    this.#closed.set(closing, opening);
    if (this.#closed.size > MAX_CLOSED) this.#closed.delete(this.#closed.keys().next().value!);
  }

  /** Places of one coordinator's sessions. */
  countOf(coordinator: string): number {
    return this.#of(coordinator).length;
  }

  /**
   * What gives its place up first when somebody waits: where the coordinator is not connected, and had time to be; else
   * what has rested longest since then, whether it has had a task or not.
   */
  dispensable(restedSinceMs: number, connected: (peerId: string) => boolean): StageSession | undefined {
    const byRest = [...this.#places.values()].toSorted((a, b) => a.usedAtMs - b.usedAtMs);
    const arrivedBeforeMs = Date.now() - ARRIVAL_MS;
    return (
      byRest.find(({ coordinator, openedAtMs }) => openedAtMs < arrivedBeforeMs && !connected(coordinator)) ??
      byRest.find(({ usedAtMs }) => usedAtMs < restedSinceMs)
    );
  }

  add(coordinator: string, request: PlaceRequest): StageSession {
    const { session: id, layers, before, after, firstTask, opening, hashes } = request;
    const place = `${placeOf(id, layers)}/${opening}`;
    const nowMs = Date.now();
    const session = {
      id,
      place,
      coordinator,
      layers,
      neighbours: { before, after },
      rows: hashes ? { in: new RowDigests(), out: new RowDigests() } : undefined,
      awaited: new Map<string, Promise<void>>(),
      opening,
      lane: new Lane<Work>(coordinator, layers),
      openedAtMs: nowMs,
      usedAtMs: nowMs,
      heardAtMs: nowMs,
      firstTask,
      arrivedTask: -1,
      passedTask: -1,
      loggedAtMs: Number.NEGATIVE_INFINITY,
      keptTo: 0,
    };
    this.#places.set(placeOf(id, layers), session);
    return session;
  }

  /**
   * The place of the coordinator's session for these layers. Somebody else's is as unknown as none: its id tells nothing.
   * @throws ShoalError `unknown-session`
   */
  get(coordinator: string, id: string, layers: LayerRange): StageSession {
    const session = this.#places.get(placeOf(id, layers));
    if (session?.coordinator !== coordinator) throw unknownSession(id, layers);
    return session;
  }

  /**
   * The place that takes the session's tasks for these layers from that node.
   * @throws ShoalError `unknown-session`
   */
  expecting(before: string, id: string, layers: LayerRange): StageSession {
    const session = this.#places.get(placeOf(id, layers));
    if (!session || !namesNode(session.neighbours.before, session, before)) throw unknownSession(id, layers);
    return session;
  }

  /** The places of the session that pass their outputs on to that node. */
  passingTo(after: string, id: string): StageSession[] {
    return [...this.#places.values()].filter(
      (session) => session.id === id && session.neighbours.after.includes(after),
    );
  }

  /** Work has come for it. */
  use(session: StageSession): void {
    session.usedAtMs = Date.now();
    session.heardAtMs = session.usedAtMs;
  }

  /** The places that the coordinator's session has here: of these layers, or all. */
  places(coordinator: string, id: string, layers?: LayerRange): StageSession[] {
    const open = layers && this.#places.get(placeOf(id, layers));
    return this.#of(coordinator).filter((session) => session.id === id && (!layers || session === open));
  }

  has(session: StageSession): boolean {
    return this.#places.get(placeOf(session.id, session.layers)) === session;
  }

  /** Unless a later opening has taken it over. */
  delete(session: StageSession): void {
    if (this.has(session)) this.#places.delete(placeOf(session.id, session.layers));
  }

  clear(): void {
    this.#places.clear();
  }

  /** Those whose time is over; to be asked now and then. @param connected - whether a coordinator is */
  expired(nowMs: number, connected: (peerId: string) => boolean): StageSession[] {
    return [...this.#places.values()].filter((session) => {
      if (connected(session.coordinator)) session.heardAtMs = nowMs;
      return nowMs - session.usedAtMs > IDLE_MS || nowMs - session.heardAtMs > ABANDONED_MS;
    });
  }

  /** How many were used since then, of those that count. */
  usedSince(timeMs: number, counts: (session: StageSession) => boolean = () => true): number {
    return [...this.#places.values()].filter((session) => session.usedAtMs >= timeMs && counts(session)).length;
  }

  #of(coordinator: string): StageSession[] {
    return [...this.#places.values()].filter((session) => session.coordinator === coordinator);
  }
}

function namesNode(nodes: readonly string[], { coordinator }: StageSession, node: string): boolean {
  return nodes.length === 0 ? node === coordinator : nodes.includes(node);
}

function unknownSession(id: string, layers: LayerRange): ShoalError {
  return new ShoalError(
    'unknown-session',
    `Session ${id} is not open here for layers ${formatLayers(layers)}; open it and send its tokens again.`,
  );
}

function placeOf(id: string, { start, end }: LayerRange): string {
  return `${id}/${start}-${end}`;
}

function closingOf(coordinator: string, id: string, layers?: LayerRange): string {
  return `${coordinator} ${layers ? placeOf(id, layers) : id}`;
}
