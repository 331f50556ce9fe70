import { ShoalEngine } from '../../api/index.ts';
import type { MemberRow, ModelSummary, ShardRow, SwarmSummary } from '../../app/app-model.ts';
import { browserName } from '../../app/browser-name.ts';
import { chooseRunner } from '../../app/choose-runner.ts';
import { shardMemoryBytes } from '../../app/device-memory.ts';
import { detectEnvironment, detectLacks } from '../../app/environment.ts';
import { fetchServerConfig } from '../../app/introduction.ts';
import { inviteLink } from '../../app/invite.ts';
import { Redraw } from '../../app/redraw.ts';
import { shardRows } from '../../app/shard-rows.ts';
import { SwarmSession } from '../../app/swarm-session.ts';
import { memberRows, modelSummary, swarmSummary } from '../../app/swarm-view.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import type { NodeSettings, SwarmNode } from '../../swarm/node.ts';
import { serveWhatFits } from '../../swarm/shards/serve-what-fits.ts';
import type { LendWishes, Swarm, SwarmEvents, SwarmOptions } from '../swarm.ts';
import { meetInvited, readInvite } from './invited.ts';

/** @throws ShoalError as `createSwarm` */
export async function openSwarm(options: SwarmOptions): Promise<Swarm> {
  const { invite: link, name, lend = {}, signal, runner = 'auto', threads = 'auto' } = options;
  const { page, invite } = readInvite(link);
  if (!globalThis.isSecureContext) {
    throw new ShoalError(
      'insecure-context',
      'A swarm needs a page of https, or of localhost: others reach no other page.',
    );
  }
  if (globalThis.document === undefined) {
    throw new ShoalError(
      'peer-unreachable',
      'Workers have no WebRTC: create the swarm in the page, and ask it from there.',
    );
  }
  const [server, lacks] = await Promise.all([fetchServerConfig(page, signal), detectLacks()]);
  const { network, model, membership } = await meetInvited(server, invite, lacks, signal);
  const settings = settingsOf(name ?? browserName(navigator), lend);
  const session = new SwarmSession({
    server,
    model,
    settings: () => settings,
    lender: { memoryBytes: bytesOf(lend.memoryMegabytes), diskBytes: bytesOf(lend.diskMegabytes) },
    hub: () => 'open',
    runnerChoice: detectEnvironment().then(({ webgpu }) => chooseRunner({ runner, threads }, webgpu)),
    onRunner: () => undefined,
    network,
    lacks,
    membership,
  });
  const abandon = () => void session.close();
  signal?.addEventListener('abort', abandon);
  try {
    signal?.throwIfAborted();
    const node = await session.connect();
    signal?.throwIfAborted();
    if (lend.uploadKilobytes !== undefined) session.store.limitUploads(lend.uploadKilobytes * 1000);
    const swarm = new OpenSwarm(session, node, settings);
    if (membership?.swarm.keys.role === 'member') await swarm.follow(page, membership.swarm.keys.name);
    return swarm;
  } catch (error) {
    await session.close().catch(() => undefined);
    throw signal?.aborted ? new ShoalError('aborted', 'Connecting to the swarm was cancelled.') : error;
  } finally {
    signal?.removeEventListener('abort', abandon);
  }
}

class OpenSwarm implements Swarm {
  readonly engine: ShoalEngine;
  readonly model: ModelSummary;
  readonly #session: SwarmSession;
  readonly #node: SwarmNode;
  readonly #name: string;
  readonly #events = new Emitter<SwarmEvents>();
  readonly #change = new Redraw(() => this.#events.emit('change', undefined));
  readonly #cleanups: Unsubscribe[];
  #leaving = false;
  #closing: Promise<void> | undefined;

  constructor(session: SwarmSession, node: SwarmNode, { name = '' }: NodeSettings) {
    this.#session = session;
    this.#node = node;
    this.#name = name;
    this.model = modelSummary(session.model);
    this.engine = new ShoalEngine({
      generator: node.coordinator,
      text: () => session.text(),
      grammars: session.grammars,
      modelId: () => this.model.name,
      contextLength: () => this.model.contextLength,
      forget: (conversation) => node.coordinator.forget(conversation),
    });
    const changed = () => this.#change.soon();
    // A page that closes says goodbye, so that nobody waits for its silence to be noticed.
    const goodbye = () => void node.membership.leave();
    addEventListener('pagehide', goodbye);
    this.#cleanups = [
      node.onChange(changed),
      session.keeper.onChange(changed),
      session.store.onTransfer(changed),
      node.coordinator.onRoute((event) => this.#events.emit('route', event)),
      () => removeEventListener('pagehide', goodbye),
    ];
  }

  get peerId(): string {
    return this.#node.peerId;
  }

  get summary(): SwarmSummary {
    return swarmSummary(this.#node, this.#session.keeper, this.shards, this.members.length);
  }

  get shards(): readonly ShardRow[] {
    const { model, keeper, store } = this.#session;
    const staying = this.#node.membership.members().filter(({ draining }) => !draining);
    const own = { ready: keeper.ready(), pending: keeper.pending() };
    return shardRows(model.manifest, keeper, store.transfers(), [...staying, own]);
  }

  get members(): readonly MemberRow[] {
    return memberRows(this.#node, this.#session.keeper, { name: this.#name, leaving: this.#leaving });
  }

  on<Name extends keyof SwarmEvents & string>(name: Name, listener: (payload: SwarmEvents[Name]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  /** Has members who move to a new link told. @param page - the server's */
  async follow(page: string, name: string): Promise<void> {
    const { listenForMoves } = await import('../../swarm/members/relocation.ts');
    const { manifestId } = this.model;
    this.#cleanups.push(
      listenForMoves(await this.#session.transport(), name, (secret) =>
        this.#events.emit('moved', { invite: inviteLink(new URL(page), { manifestId, secret }) }),
      ),
    );
  }

  async join(choice: readonly number[] | 'auto' | 'all' = 'auto'): Promise<void> {
    if (this.#session.membership?.swarm.keys.role === 'guest') {
      throw new ShoalError(
        'not-admitted',
        'The invite is for guests of this private swarm: they ask, and do not serve.',
      );
    }
    const chosen = await this.#choose(choice);
    const { model, keeper, store } = this.#session;
    const serving = serveWhatFits({ manifest: model.manifest, keeper, store, onShortage: () => undefined }, chosen);
    this.#node.join({ auto: choice === 'auto' });
    const { failed, withoutRoom } = await serving;
    this.#change.now();
    const [first] = failed;
    if (first) throw first.error;
    if (withoutRoom.length > 0) {
      throw new ShoalError(
        'storage-full',
        `This browser has no room for shard ${withoutRoom.join(', ')}. Free disk space, or choose fewer.`,
      );
    }
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    this.#change.now();
    try {
      await this.#node.leave();
    } finally {
      this.#leaving = false;
      this.#change.now();
    }
  }

  ready(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (this.summary.state === 'ready') resolve();
    };
    const giveUp = () => reject(signal?.reason);
    const stopListening = this.on('change', look);
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();
    look();
    return promise.finally(() => {
      stopListening();
      signal?.removeEventListener('abort', giveUp);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    await this.engine.interruptGenerate();
    await this.#session.close();
  }

  async #choose(choice: readonly number[] | 'auto' | 'all'): Promise<readonly number[]> {
    const { shards } = this.#session.model.manifest;
    if (choice === 'all') return shards.map(({ index }) => index);
    if (choice !== 'auto') return choice;
    const picked = await this.#node.pickShard();
    return picked === undefined ? [] : [picked];
  }
}

function settingsOf(name: string, lend: LendWishes): NodeSettings {
  const { share = 1, sessions = Number.POSITIVE_INFINITY, spreadModel = false, acceptRemoteLoads = false } = lend;
  const memory = [shardMemoryBytes(), bytesOf(lend.memoryMegabytes)].filter((bytes) => bytes !== undefined);
  return {
    name,
    spreadModel,
    acceptRemoteLoads,
    acceptRemoteUnloads: false,
    trustedPeers: [],
    registerInDht: true,
    checkOthers: true,
    lending: { paused: false, share, sessions },
    ...(memory.length > 0 ? { memoryBytes: Math.min(...memory) } : {}),
    wire: 'f32',
  };
}

function bytesOf(megabytes: number | undefined): number | undefined {
  return megabytes === undefined ? undefined : megabytes * 1e6;
}
