import { Emitter, type Unsubscribe } from '../core/events.ts';
import { Lazy } from '../core/lazy.ts';
import { log } from '../core/log.ts';
import type { LayerRunner } from '../engine/layer-runner.ts';
import type { IntroductionState, LinkPath, Transport } from '../net/transport.ts';
import { WIRE_VERSION } from '../protocol/frames.ts';
import type { HiddenFormat } from '../protocol/hidden-formats.ts';
import { MAX_LINKS } from '../protocol/limits.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { plainName } from '../protocol/member-name.ts';
import { buildOf } from '../protocol/presence.ts';
import type { ShardStore } from '../store/shard-store.ts';
import { Rebalancer } from './assign/rebalancer.ts';
import { Recruiter } from './assign/recruiter.ts';
import { SpreadPace } from './assign/spread-pace.ts';
import { Spreader } from './assign/spreader.ts';
import { chooseInTurn } from './assign/volunteer.ts';
import type { Checkpoints } from './coordinator/checkpoints.ts';
import { Coordinator } from './coordinator/coordinator.ts';
import type { CheckpointShelf } from './coordinator/kept-conversation.ts';
import type { LiarEvidence } from './coordinator/liar-evidence.ts';
import { LiarReports } from './coordinator/liar-reports.ts';
import { CommandClient } from './frames/command-client.ts';
import { FrameExchange } from './frames/frame-exchange.ts';
import { RowStatements } from './frames/row-statements.ts';
import { CommandServer } from './members/command-server.ts';
import { EarlyConnections } from './members/early-connections.ts';
import { Membership } from './members/membership.ts';
import { type OwnFacts, Roster } from './members/roster.ts';
import { ShardRegistry } from './members/shard-registry.ts';
import { RoutePlanner } from './route/route-planner.ts';
import { TrackRecords } from './route/track-records.ts';
import type { ShardKeeper } from './shards/shard-keeper.ts';
import { LENDS_ALL, type Lending } from './stage/lending.ts';
import { digestOf } from './stage/row-digests.ts';
import { type NodeLimits, StageServer } from './stage/stage-server.ts';

export interface SwarmNodeOptions {
  readonly transport: Transport;
  readonly store: ShardStore;
  readonly manifest: Manifest;
  readonly manifestId: string;
  readonly keeper: ShardKeeper;
  readonly settings: () => NodeSettings;
  /** Where lasting conversations are noted; none is kept for a later page when absent. */
  readonly shelf?: (() => Promise<CheckpointShelf>) | undefined;
  /** How much this node takes on, where it is not as `src/protocol/limits.ts` says. */
  readonly limits?: Partial<NodeLimits>;
}

/** The node owner's wishes. */
export interface NodeSettings {
  /** What others are to call this tab; nothing when absent. */
  readonly name?: string;
  /** A conversation of this tab is open to all. */
  readonly room?: boolean;
  readonly spreadModel: boolean;
  /** Anybody may ask this node to load a shard. */
  readonly acceptRemoteLoads: boolean;
  /** These may ask it to let one go. */
  readonly acceptRemoteUnloads: boolean;
  readonly trustedPeers: readonly string[];
  readonly registerInDht: boolean;
  /** Others compute again by chance what was computed for this tab: so the prompt reaches them too. */
  readonly checkOthers: boolean;
  /** What this tab does for others; all that it can when absent. */
  readonly lending?: Lending;
  /** Bytes of shards that this device may hold; absent where the browser does not tell. */
  readonly memoryBytes?: number;
  /** The coarsest format in which hidden states of this tab's own prompts may travel; f32 rounds nothing. */
  readonly wire: HiddenFormat;
}

/** Answers that have not moved elsewhere by then lose this node: nobody else can take them. */
const HAND_OVER_TIMEOUT_MS = 10_000;
const HAND_OVER_CHECK_MS = 50;

/** One tab in one swarm: as a guest it coordinates its own prompts, once joined it serves stages too. */
export class SwarmNode {
  readonly exchange: FrameExchange;
  readonly membership: Membership;
  readonly commands: CommandClient;
  readonly registry: ShardRegistry;
  readonly stages: StageServer;
  readonly coordinator: Coordinator;
  /** What this tab has seen of the others. */
  readonly records: TrackRecords;
  readonly #options: SwarmNodeOptions;
  readonly #server: CommandServer;
  readonly #spreader: Spreader;
  readonly #rebalancer: Rebalancer;
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #cleanups: Unsubscribe[];
  readonly #recruiter: Recruiter;
  readonly #roster: Roster;
  readonly #early: EarlyConnections;
  #seededReported = '';
  /** The shards that the last presence told of which was sent for their sake. */
  #shardsTold = '';
  #auto = false;
  /** Known to the swarm, though it has not joined: it is about to choose a shard. */
  #choosing = false;

  constructor(options: SwarmNodeOptions) {
    const { transport, manifest, manifestId, keeper, store } = options;
    this.#options = options;
    this.exchange = new FrameExchange(transport);
    this.membership = new Membership(transport, manifestId);
    this.#early = new EarlyConnections(transport, this.membership);
    this.#roster = new Roster({
      peerId: transport.peerId,
      membership: this.membership,
      own: () => this.#facts(),
      joined: () => keeper.joined,
      roundTripMs: (peerId) => this.exchange.roundTripMs(peerId),
      late: (peerId) => this.exchange.isLate(peerId),
    });
    this.registry = new ShardRegistry(transport.directory, manifest, manifestId);
    this.stages = new StageServer({
      exchange: this.exchange,
      manifest,
      manifestId,
      storage: store,
      commands: () => this.commands,
      loading: () => keeper.pending().length > 0,
      lending: () => this.#lending,
      limits: options.limits,
    });
    const reports = new LiarReports({
      peerId: transport.peerId,
      commands: () => this.commands,
      neighbours: () => this.connectedPeers(),
    });
    const statements = new RowStatements(transport, manifestId);
    this.#server = new CommandServer({
      peerId: transport.peerId,
      reports,
      evidence: () => evidence.get(),
      statements,
      stages: this.stages,
      store,
      keeper,
      exchange: this.exchange,
      consents: options.settings,
      spreads: () => options.settings().spreadModel,
    });
    this.commands = new CommandClient(transport, (request) => this.#server.handle(transport.peerId, request));
    this.records = new TrackRecords();
    const { records } = this;
    const { vocabularySize, width, contextLength, layerCount } = manifest.hyperparameters;
    const dependencies = {
      exchange: this.exchange,
      commands: this.commands,
      records,
      vocabularySize,
      width,
      digest: (values: Float32Array | Uint32Array) => digestOf(values, width),
      statements,
      wire: () => options.settings().wire,
      routes: new RoutePlanner({
        coordinator: transport.peerId,
        manifest,
        candidates: () => this.#roster.candidates(),
        everybody: () => this.#roster.everybody(),
        records,
        onChange: (listener) => this.onChange(listener),
        recruit: (shard) => this.#recruiter.recruit(shard),
      }),
    };
    // Liars are rare: their code comes with the first.
    const evidence = new Lazy<LiarEvidence>(async () => {
      const module = await import('./coordinator/liar-evidence.ts');
      return new module.LiarEvidence({
        ...dependencies,
        serves: ({ start, end }) =>
          end < layerCount && keeper.layers().some((held) => held.start <= start && end <= held.end),
        onLiar: (peerId, lie) => this.coordinator.leaveOut(peerId, lie),
      });
    });
    const { exchange, commands } = this;
    const { shelf: openShelf } = options;
    const checkpoints =
      openShelf &&
      new Lazy<Checkpoints>(async () => {
        const [module, shelf] = await Promise.all([import('./coordinator/checkpoints.ts'), openShelf()]);
        return new module.Checkpoints({ exchange, commands, shelf, manifestId });
      });
    this.coordinator = new Coordinator({
      ...dependencies,
      reports,
      evidence: () => evidence.get(),
      checks: () => options.settings().checkOthers,
      onChecked: () => this.#events.emit('change', undefined),
      contextLength,
      checkpoints: checkpoints && (() => checkpoints.get()),
      leaving: () => this.#roster.leaving(),
    });
    this.#recruiter = new Recruiter({
      commands: this.commands,
      shards: manifest.shards,
      members: () => this.#roster.assignable(),
      self: () => this.#roster.self,
      stored: (index) => store.isComplete(manifest.shards[index]!),
      serve: async (index) => {
        keeper.refusePaused(index);
        if (!keeper.joined) this.join();
        return keeper.serve(index);
      },
    });
    this.#spreader = new Spreader({
      keeper,
      store,
      manifest,
      members: () => this.#roster.everybody(),
      pace: new SpreadPace(() => this.#quiet()),
    });
    this.#rebalancer = new Rebalancer({
      peerId: transport.peerId,
      shards: manifest.shards,
      members: () => this.#roster.assignable(),
      serve: (index) => keeper.serve(index),
      release: (index) => keeper.release(index),
      answering: (index) => this.stages.answeringIn(manifest.shards[index]!.layers),
      onOffer: () => this.#ownShardsChanged(),
    });
    this.#cleanups = [
      this.#server.listen(transport),
      keeper.onChange(() => this.#ownShardsChanged()),
      store.onTransfer(() => this.#reportSeeded()),
      this.membership.onChange(() => this.#membersChanged()),
      this.exchange.onUnreachable((peerId) => this.membership.suspect(peerId)),
      transport.onPeer(() => this.#events.emit('change', undefined)),
      transport.onIntroduction((state) => {
        if (state === 'online') this.#introduced();
        this.#events.emit('change', undefined);
      }),
    ];
    this.#membersChanged();
  }

  get peerId(): string {
    return this.#options.transport.peerId;
  }

  get introduction(): IntroductionState {
    return this.#options.transport.introduction;
  }

  /** Peers with a direct connection to this tab. */
  connectedPeers(): string[] {
    return this.#options.transport.peers();
  }

  /** The way to a connected peer; undefined where nobody tells. */
  pathTo(peerId: string): Promise<LinkPath | undefined> {
    return this.#options.transport.pathTo(peerId);
  }

  /** Something that the page shows has changed. */
  onChange(listener: () => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  useRunner(runner: LayerRunner | undefined): void {
    this.stages.useRunner(runner);
    this.#server.useRunner(runner);
  }

  /**
   * Says in the swarm that this tab is a node. Shards that it serves are announced as they get ready.
   * @param wishes - `auto`: the owner leaves the choice of shards to the node, also later
   */
  join({ auto = false }: { readonly auto?: boolean } = {}): void {
    this.#options.keeper.joined = true;
    this.#choosing = false;
    this.#auto = auto;
    if (auto) this.#rebalancer.start();
    else this.#rebalancer.stop();
    this.#announce();
    this.#ownShardsChanged();
    this.#reportSeeded();
  }

  /** Leaves the swarm: hands over what it serves, says so, frees the device; what is stored stays. */
  async leave(): Promise<void> {
    const { keeper } = this.#options;
    this.#spreader.stop();
    this.#rebalancer.stop();
    await this.#drain();
    await this.membership.leave();
    keeper.joined = false;
    this.#shardsTold = '';
    this.#choosing = false;
    await Promise.allSettled(keeper.taken().map((index) => keeper.release(index)));
    this.#events.emit('change', undefined);
  }

  /**
   * The shard that "auto" takes next: the neediest that fits; undefined when this tab has all. One who has just come
   * hears first what the others have, and tells those who come at the same time that it chooses too.
   */
  async pickShard(): Promise<number | undefined> {
    if (!this.#options.keeper.joined) {
      this.#choosing = true;
      this.#auto = true;
      this.#announce();
    }
    await this.membership.acquainted();
    return chooseInTurn(this.#roster.self, this.#options.manifest.shards, this.#roster.assignableOthers());
  }

  /** Members whose builds cannot compute with this one. */
  otherBuilds(): { readonly peerId: string; readonly build: 'older' | 'newer' }[] {
    return this.membership.members().flatMap((member) => {
      const build = buildOf(member);
      return build ? [{ peerId: member.peerId, build }] : [];
    });
  }

  /** Every node, this tab included once it serves a shard. */
  nodeIds(): string[] {
    return this.#roster.candidates().map(({ peerId }) => peerId);
  }

  async close(): Promise<void> {
    await this.coordinator.close();
    await this.membership.leave();
    this.#spreader.stop();
    this.#rebalancer.stop();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.membership.close();
    this.stages.close();
    this.registry.close();
    await this.exchange.close();
  }

  /** Says from now on what this tab is and does. */
  #announce(): void {
    this.membership.announce(() => ({
      ...this.#facts(),
      name: plainName(this.#options.settings().name ?? ''),
      room: this.#options.settings().room ?? false,
      exchangeId: this.#options.store.exchangeId,
      wire: WIRE_VERSION,
      links: this.exchange.roundTrips().slice(-MAX_LINKS),
      // Whoever pauses hands over as if it left, and stays.
      draining: this.#roster.draining || this.#lending.paused,
      leaving: false,
    }));
  }

  /** Takes no new session, and waits until the answers that run through this node go on elsewhere. */
  async #drain(): Promise<void> {
    this.#roster.draining = true;
    this.membership.publishNow();
    const deadlineMs = Date.now() + HAND_OVER_TIMEOUT_MS;
    while (this.stages.answering && Date.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, HAND_OVER_CHECK_MS));
    }
    this.#roster.draining = false;
  }

  get #lending(): Lending {
    return this.#options.settings().lending ?? LENDS_ALL;
  }

  /** What this tab is and does, as assignment and routing count it. */
  #facts(): OwnFacts {
    const { keeper, settings } = this.#options;
    return {
      ready: this.#rebalancer.offered(keeper.ready()),
      pending: keeper.pending(),
      layersPerSecond: this.stages.layersPerSecond,
      queueLength: this.stages.queueLength,
      sessions: this.stages.activeSessions,
      memoryBytes: settings().memoryBytes ?? 0,
      willing: settings().acceptRemoteLoads && !this.#lending.paused,
      auto: this.#auto,
    };
  }

  /** Whether the swarm is whole, and nobody asks, answers or loads. */
  #quiet(): boolean {
    return !this.coordinator.answering && this.#roster.idle(this.#options.manifest.shards.length);
  }

  #ownShardsChanged(): void {
    const { keeper, settings } = this.#options;
    if (keeper.joined) {
      // A shard that loads changes a hundred times, of which others need to hear twice.
      const { ready, pending } = this.#facts();
      const shards = JSON.stringify([ready, pending]);
      if (shards !== this.#shardsTold) this.membership.publishNow();
      this.#shardsTold = shards;
      const serving = keeper.ready().length > 0 && keeper.pending().length === 0;
      if (serving && settings().spreadModel && !this.#lending.paused) this.#spreader.start();
    }
    this.#events.emit('change', undefined);
  }

  #membersChanged(): void {
    this.#early.connect(this.#options.keeper.joined || this.#choosing);
    this.#events.emit('change', undefined);
  }

  #introduced(): void {
    this.registry.reset();
    this.#options.store.announce();
    if (this.#options.keeper.joined) this.membership.publishNow();
    this.#seededReported = '';
    this.#reportSeeded();
  }

  /** Says how many of the model's files this tab seeds, and registers the new ones in the DHT. */
  #reportSeeded(): void {
    const { store, manifest, keeper, settings } = this.#options;
    const seeded = manifest.shards.filter(({ infoHash }) => store.seeded().some((file) => file.infoHash === infoHash));
    const key = seeded.map(({ index }) => index).join();
    if (!keeper.joined || key === this.#seededReported) return;
    this.#seededReported = key;
    log.info(
      'TORRENT',
      `Primary shards (0-${manifest.shards.length - 1}): ${seeded.length}/${manifest.shards.length} seeded`,
    );
    log.info('TORRENT', `Total files available for seeding: ${seeded.length}`);
    if (settings().registerInDht) void this.registry.register(seeded);
  }
}
