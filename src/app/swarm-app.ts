import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ShoalEngine } from '../api/index.ts';
import { ShoalError } from '../core/errors.ts';
import { shortPeerId } from '../core/format.ts';
import { Lazy } from '../core/lazy.ts';
import { type LogLine, log } from '../core/log.ts';
import type { SwarmNode } from '../swarm/node.ts';
import { type ModelText, type PromptSize, sizeOf } from '../tokenizer/model-text.ts';
import { samplingByName } from '../tokenizer/sampling-defaults.ts';
import { words } from '../words/words.ts';
import { followAddress } from './address-watch.ts';
import { AlertList } from './alert-list.ts';
import { Answers } from './answers.ts';
import type {
  AnswerToken,
  AppModel,
  DeviceCard,
  Environment,
  FarewellSummary,
  FetchWish,
  LendState,
  MemberRow,
  ModelSummary,
  Settings,
  ShardRow,
  Simulation,
  SwarmSummary,
} from './app-model.ts';
import { browserName } from './browser-name.ts';
import { type AnswerOptions, answerOptionsOf } from './chat/answer-options.ts';
import { hadConversation } from './chat/chat-hint.ts';
import { ChatLibrary } from './chat/chat-library.ts';
import type { RunningAnswer } from './chat/chat-record.ts';
import { GENERAL_TEMPERATURE } from './chat/chat-request.ts';
import { Presets } from './chat/presets.ts';
import { chooseRunner } from './choose-runner.ts';
import { ExchangeNames } from './exchange-names.ts';
import { Farewell } from './farewell.ts';
import { FetchWishes } from './fetch-wishes.ts';
import { Lender } from './lender.ts';
import { watchPaths } from './link-paths.ts';
import type { RealModelShelf, ShelfParts } from './models/model-shelf.ts';
import { Redraw } from './redraw.ts';
import { Rooms } from './rooms/rooms.ts';
import { storedSettings } from './settings.ts';
import { shardRows } from './shard-rows.ts';
import { SwarmDoor } from './swarm-door.ts';
import { SwarmSession } from './swarm-session.ts';
import { memberRows, modelSummary, swarmSummary, withNames } from './swarm-view.ts';
import { TabPlace } from './tab-place.ts';
import { Timeline } from './timeline.ts';
import { untilCovered } from './until-covered.ts';
import { Verification } from './verification.ts';
import type { AnswerProgress } from './watched-generator.ts';
import type { World } from './world.ts';

/** The page's model over a real swarm. */
export class SwarmApp implements AppModel {
  readonly environment: Signal<Environment> = signal({
    secureContext: globalThis.isSecureContext,
    webgpu: 'checking',
    adapter: '',
    runner: undefined,
    lacks: [],
    usedBytes: 0,
    quotaBytes: 0,
  });
  readonly model: Signal<ModelSummary | undefined> = signal(undefined);
  readonly swarm: Signal<SwarmSummary> = signal({
    state: 'connecting',
    nodes: 0,
    missing: [],
    othersKnown: false,
    role: 'guest',
    peerId: '',
    introduction: 'connecting',
  });
  readonly shards: Signal<readonly ShardRow[]> = signal([]);
  readonly members: Signal<readonly MemberRow[]> = signal([]);
  readonly heardNames: Signal<ReadonlyMap<string, string>> = signal(new Map());
  readonly #door = new SwarmDoor(() => this.#requireSession());
  readonly admission = this.#door.admission;
  readonly inviteLink = this.#door.inviteLink;
  readonly guestLink = this.#door.guestLink;
  readonly inviteThisMachineOnly = this.#door.thisMachineOnly;
  readonly #alerts = new AlertList();
  readonly alerts = this.#alerts.alerts;
  readonly logLines: Signal<readonly LogLine[]> = signal([]);
  readonly #verification = new Verification();
  readonly checks = this.#verification.checks;
  readonly verifying = this.#verification.verifying;
  readonly leaving: Signal<boolean> = signal(false);
  readonly defaultTemperature: Signal<number> = signal(GENERAL_TEMPERATURE);
  readonly settings: ReadonlySignal<Settings>;
  readonly #lender: Lender;
  readonly lending: ReadonlySignal<LendState>;
  readonly changeSettings: (change: Partial<Settings>) => void;
  readonly #timeline = new Timeline();
  readonly timeline = this.#timeline.rows;
  readonly #answers: Answers = new Answers({
    generator: () => this.#requireSession().node?.coordinator ?? this.#notConnected(),
    timeline: this.#timeline,
    peerId: () => this.#session?.node?.peerId,
    text: () => this.#text(),
    grammars: { follow: (grammar) => this.#requireSession().grammars.follow(grammar) },
    modelId: () => this.model.value?.name ?? '',
    contextLength: () => this.#contextLength(),
    forget: async (conversation) => this.#session?.node?.coordinator.discard(conversation),
  });
  readonly lap = this.#answers.lap;
  readonly paths = watchPaths(this.lap, async (peerId) => this.#session?.node?.pathTo(peerId));
  readonly conversations: ChatLibrary;
  readonly expectsConversation = hadConversation();
  readonly #shown = computed(() => this.conversations.shown.value);
  readonly rooms = new Rooms({
    transport: () => this.#requireSession().transport(),
    chat: () => this.#shown.value,
    name: () => this.#name,
    isThere: (peerId) => this.members.value.some((member) => member.peerId === peerId),
    onChange: () => this.#roomChanged(),
  });
  readonly messages = computed(() => (this.rooms.followed.value ?? this.#shown.value).messages.value);
  readonly busy = computed(() => (this.rooms.followed.value ?? this.#shown.value).busy.value);
  readonly answerOptions = computed(() => this.#shown.value.options.value);
  readonly #presets = new Presets();
  readonly presets = this.#presets.list;
  /** Of this tab's own conversation; another's answers are made elsewhere. */
  readonly #progress = computed(() => (this.rooms.followed.value ? undefined : this.#shown.value.progress));
  readonly tokensPerSecond = computed(() => this.#progress.value?.tokensPerSecond.value);
  readonly progressNote = computed(() => this.#progress.value?.progressNote.value);
  readonly wait = computed(() => this.#progress.value?.wait.value);
  /** The engine behind `window.shoal.engine`. */
  readonly engine: ShoalEngine = this.#answers.open().engine;
  #session: SwarmSession | undefined;
  #shelfParts: ShelfParts | undefined;
  readonly #shelf = new Lazy(async () => {
    const { RealModelShelf: Shelf } = await import('./models/model-shelf.ts');
    return new Shelf(this.#shelfParts!);
  });
  /** What a person asks for before the server has answered, or before the tab has connected, waits for it. */
  readonly #introduced = Promise.withResolvers<SwarmSession>();
  readonly #connected = Promise.withResolvers<SwarmNode>();
  readonly #place = new TabPlace({
    connected: this.#connected.promise,
    onKnown: () => this.#placeIsKnown(),
    onShortage: (text) => this.#alerts.add('error', text),
    onFailure: (error, about) => this.#alerts.addError(error, undefined, about),
  });
  readonly choosing = this.#place.choosing;
  readonly placeKnown: Signal<boolean> = signal(false);
  readonly #farewell = new Farewell();
  readonly farewell = this.#farewell.summary;
  readonly #fetchWishes = new FetchWishes();
  readonly #exchangeNames = new ExchangeNames();
  readonly #redraw = new Redraw(() => this.#refresh());
  readonly simulation: Simulation | undefined;
  readonly #world: World;
  #phases = '';
  #newerTold = false;

  constructor(world: World) {
    this.#world = world;
    this.simulation = world.simulation;
    const { settings, change } = storedSettings();
    this.settings = settings;
    this.#lender = new Lender(settings);
    this.lending = this.#lender.state;
    this.changeSettings = (changed) => {
      change(changed);
      if (changed.lend) this.#lender.prepare(changed.lend).catch((error) => this.#idleIsNotTold(error));
      if (changed.notify) this.#askToNotify();
      // Others need not wait for the next presence to hear of a new name.
      if ('name' in changed) this.#session?.node?.membership.publishNow();
      this.#redraw.soon();
    };
    this.conversations = new ChatLibrary({
      defaults: () => answerOptionsOf(settings.value),
      parts: (id) => {
        const { engine, progress } = this.#answers.open(id);
        const untilReady = (running: RunningAnswer, signal: AbortSignal) => this.#untilReady(progress, running, signal);
        return { engine, progress, contextLength: () => this.#contextLength(), untilReady };
      },
    });
    log.onLine(() => this.#redraw.soon());
  }

  get browserName(): string {
    return browserName(navigator, words().browserOn);
  }

  get session(): SwarmSession | undefined {
    return this.#session;
  }

  /** Meets the server, takes this browser's last place in the swarm again, and connects. */
  async start(): Promise<void> {
    followAddress(() => this.model.value?.manifestId);
    const world = this.#world;
    const runnerChoice = world.detectEnvironment().then((found) => {
      const runner = chooseRunner(this.settings.value, found.webgpu);
      this.environment.value = { ...this.environment.value, ...found, runner };
      return runner;
    });
    if (!globalThis.isSecureContext) {
      this.swarm.value = { ...this.swarm.value, state: 'offline' };
      return;
    }
    try {
      const [server, lacks] = await Promise.all([world.findServer(), world.detectLacks()]);
      this.environment.value = { ...this.environment.value, lacks };
      const { network, model, membership, parts } = await world.meetSwarm(server, lacks);
      const session = new SwarmSession({
        server,
        model,
        settings: () => ({
          ...{ ...this.settings.value, ...this.#lender.limits },
          ...{ name: this.#name, room: this.rooms.hosted.value !== undefined },
        }),
        lender: this.#lender,
        hub: () => this.settings.value.hub,
        runnerChoice,
        // A GPU that cannot be opened has the processor in its place.
        onRunner: (runner) => {
          this.environment.value = { ...this.environment.value, runner };
        },
        network,
        lacks,
        membership,
        parts,
      });
      this.#session = session;
      const environment = () => this.environment.value;
      this.#shelfParts = { server, session, door: this.#door, environment, runnerChoice, lent: this.#lender };
      this.#introduce(session, server.addresses);
      this.conversations
        .begin({ id: model.home, modelName: model.manifest.name }, world.openConversations())
        .then(() => this.#followShortcut())
        .catch((error: unknown) => log.warn('CHAT', `No conversation was taken up: ${ShoalError.from(error).message}`));
      const [kept] = await Promise.all([this.#place.loadKept(session), this.#connect(session)]);
      if (kept.shards.length > 0) await this.#join(session, kept.shards, kept.auto);
      this.#redraw.now();
    } catch (error) {
      this.swarm.value = { ...this.swarm.value, state: 'offline' };
      for (const { promise, reject } of [this.#introduced, this.#connected]) {
        promise.catch(() => undefined);
        reject(error);
      }
      this.#alerts.addError(ShoalError.from(error));
    }
  }

  async join(choice: readonly number[] | 'auto' | 'all'): Promise<void> {
    const session = await this.#introduced.promise;
    if (this.admission.value === 'guest') {
      throw new ShoalError('not-admitted', 'You are a guest of this private swarm: you may ask, and not serve.');
    }
    const chosen = await this.#place.choose(choice, session.model.manifest.shards.length);
    // Whoever asks for a shard wants it to come.
    for (const index of chosen) this.changeFetch(index, { paused: false });
    await this.#join(session, chosen, choice === 'auto');
  }

  /** @param auto - whether the choice of shards is left to the node, also later */
  async #join(session: SwarmSession, chosen: readonly number[], auto: boolean): Promise<void> {
    const serving = this.#place.serveAll(session, chosen, auto);
    const node = await this.#connected.promise;
    node.join({ auto });
    this.#redraw.now();
    await serving;
    this.#redraw.now();
  }

  changeFetch(shard: number, change: Partial<FetchWish>): void {
    const session = this.#requireSession();
    this.#fetchWishes.change(session.model.manifest.shards[shard]!.infoHash, change);
    this.#applyWishes(session);
    this.#redraw.now();
  }

  #applyWishes({ keeper, model }: SwarmSession): void {
    for (const { index, infoHash } of model.manifest.shards) {
      const wish = this.#fetchWishes.of(infoHash);
      const { paused, priority } = keeper.wish(index);
      if (paused !== wish.paused || priority !== wish.priority) keeper.want(index, wish);
    }
  }

  async whatOthersLose(): Promise<FarewellSummary> {
    await this.#session?.node?.membership.acquainted();
    this.#redraw.now();
    return this.farewell.value;
  }

  async leave(): Promise<void> {
    if (this.leaving.value) return;
    this.leaving.value = true;
    this.#place.forget();
    this.#redraw.now();
    try {
      await this.#session?.node?.leave();
    } finally {
      this.leaving.value = false;
      this.#redraw.now();
    }
  }

  async leaveWhenCopied(): Promise<void> {
    if (await this.#farewell.untilCopied(await this.#connected.promise)) await this.leave();
  }

  stay(): void {
    this.#farewell.stay();
  }

  /** Whether an answer is under way that ends when this tab is closed. */
  answersNeedIt(): boolean {
    const node = this.#session?.node;
    return node !== undefined && this.#farewell.answersNeedIt(node, this.shards.value);
  }

  /** Whether nothing would be lost by a page that is opened anew: no answer, no room, nothing on its way. */
  isQuiet(): boolean {
    const { coordinator, stages } = this.#session?.node ?? {};
    const answers = (coordinator?.answering ?? false) || (stages?.activeSessions ?? 0) > 0;
    const rooms = this.rooms.hosted.value !== undefined || this.rooms.followed.value !== undefined;
    const coming = this.shards.value.some(({ state }) => state !== 'ready' && state !== 'absent' && state !== 'error');
    return !answers && !rooms && !coming;
  }

  async send(text: string): Promise<boolean> {
    const room = this.rooms.followed.value;
    if (!room) return this.#shown.value.send(text);
    await room.ask(text);
    return true;
  }

  fewestTokens(text: string): number {
    return this.#session?.tokens?.fewestTokens(text, this.#contextLength()) ?? 0;
  }

  promptSize(text: string): Promise<PromptSize> {
    return this.rooms.followed.value ? this.textSize(text) : this.#shown.value.promptSize(text);
  }

  async textSize(text: string): Promise<PromptSize> {
    return sizeOf(await (await this.#text()).encode({ kind: 'text', text }, this.#contextLength()));
  }

  leaveOutOldest(text: string): Promise<void> {
    return this.#shown.value.leaveOutOldest(text);
  }

  stop(): void {
    if (!this.rooms.followed.value) this.#shown.value.stop();
  }

  continueAnswer(): Promise<void> {
    return this.#shown.value.continueAnswer();
  }

  newConversation(): void {
    this.rooms.leave();
    this.conversations.startNew();
  }

  editQuestion(messageId: number, text: string): Promise<boolean> {
    return this.#shown.value.edit(messageId, text);
  }

  regenerate(messageId: number): Promise<void> {
    return this.#shown.value.regenerate(messageId);
  }

  hasTokens(messageId: number): boolean {
    return !this.rooms.followed.value && this.#shown.value.hasTokens(messageId);
  }

  async tokensOf(messageId: number): Promise<readonly AnswerToken[]> {
    const chat = this.#shown.value;
    return chat.tokensOf(messageId, (await this.#text()).tokens);
  }

  goOnFrom(messageId: number, place: number, other: number | undefined): Promise<void> {
    return this.#shown.value.goOnFrom(messageId, place, other);
  }

  showBranch(messageId: number, step: number): void {
    this.#shown.value.showBranch(messageId, step);
  }

  changeAnswerOptions(change: Partial<AnswerOptions>): void {
    const { options } = this.#shown.value;
    this.changeSettings(change);
    options.value = answerOptionsOf({ ...options.value, ...change });
  }

  traceFile(): File {
    const names = this.heardNames.value;
    return this.#answers.trace.file((peerId) => [names.get(peerId), shortPeerId(peerId)].filter(Boolean).join(' '));
  }

  savePreset(name: string): void {
    this.#presets.save(name, this.#shown.value.options.value);
  }

  usePreset(name: string): void {
    this.changeAnswerOptions(this.#presets.optionsOf(name));
  }

  removePreset(name: string): void {
    this.#presets.remove(name);
  }

  async verify(): Promise<void> {
    const node = await this.#connected.promise;
    await this.#verification.run(this.#requireSession(), node);
  }

  async device(peerId: string): Promise<DeviceCard> {
    const { deviceCard } = await import('./device-card.ts');
    const node = await this.#connected.promise;
    const { takenWork } = this.#answers;
    return deviceCard(node, peerId, { layerCount: this.model.value!.layerCount, shards: this.shards.value, takenWork });
  }

  async openFiles(files: readonly File[]): Promise<boolean> {
    const { openModelFiles } = await import('./models/model-files.ts');
    const { importFile } = await import('./models/import-file.ts');
    const session = this.#requireSession();
    const opened = await openModelFiles(files);
    try {
      if (await importFile(opened, session, (text) => this.#alerts.add('info', text, opened.name))) return true;
    } catch (error) {
      this.#alerts.addError(ShoalError.from(error), opened.name);
      return true;
    } finally {
      this.#redraw.now();
    }
    (await this.models()).offer(files);
    return false;
  }

  async models(): Promise<RealModelShelf> {
    await this.#introduced.promise;
    return this.#shelf.get();
  }

  /** Loads code that the first screen did without; what fails is told (`tellMissingCode`). */
  async loadRest(): Promise<void> {
    const attention = import('./attention.ts').then(({ watchAttention }) => watchAttention(this));
    const files = [import('./models/model-files.ts'), import('./models/import-file.ts')];
    const ofPrograms = import('../api/structured/answer-thoughts.ts');
    // Of rows and torrents, once this tab serves.
    await Promise.allSettled([attention, ...files, ofPrograms, import('hash-wasm')]);
  }

  /** The server has another build of the page than this one. */
  tellUpdate(): void {
    this.#alerts.add('info', words().notices.update, 'update');
  }

  /** Code that was asked for did not come, and may not come before a reload. */
  tellMissingCode(thrown: unknown): void {
    this.#alerts.addError(ShoalError.from(thrown));
  }

  foundPrivateSwarm(): Promise<void> {
    return this.#door.found();
  }

  startNewLink(): Promise<void> {
    return this.#door.renew();
  }

  dismissAlert(id: number): void {
    this.#alerts.dismiss(id);
  }

  async clearStorage(): Promise<void> {
    const session = this.#requireSession();
    const { keeper, store, model } = session;
    await this.leave();
    await session.clearCheckpoints();
    await Promise.allSettled(keeper.ready().map((index) => keeper.release(index)));
    await Promise.allSettled(model.manifest.shards.map((shard) => store.remove(shard)));
    this.#redraw.now();
  }

  async #connect(session: SwarmSession): Promise<void> {
    const node = await session.connect();
    await this.#door.follow(session);
    this.#lender.serve(session, this.#answers);
    node.onChange(() => this.#redraw.soon());
    node.coordinator.onRoute((event) => this.#timeline.add(event));
    void node.membership.acquainted().then(() => this.#redraw.soon());
    this.#connected.resolve(node);
  }

  #introduce(session: SwarmSession, addresses: readonly string[]): void {
    this.#applyWishes(session);
    this.#fetchWishes.follow(() => this.#applyWishes(session));
    this.#introduced.resolve(session);
    const { manifest } = session.model;
    this.model.value = modelSummary(session.model);
    this.defaultTemperature.value = samplingByName(manifest.name).temperature ?? GENERAL_TEMPERATURE;
    void this.#door.show(session, addresses);
    const note = this.#door.takeNote();
    if (note) this.#alerts.add('info', note);
    session.keeper.onChange(() => this.#redraw.soon(this.#shardsMoved(session)));
    session.store.onTransfer(() => this.#redraw.soon());
    session.store.onLost(({ index }) => {
      this.#alerts.add('info', words().shard.lost(index, session.keeper.ready().includes(index)));
    });
    this.#redraw.now();
  }

  /** Shown together with the shards that it is about: what is on the first screen appears at once. */
  #placeIsKnown(): void {
    if (this.placeKnown.value) return;
    batch(() => {
      this.#redraw.now();
      this.placeKnown.value = true;
    });
  }

  /** For an answer that was begun before this page was opened. */
  async #untilReady(progress: AnswerProgress, { ids }: RunningAnswer, signal: AbortSignal): Promise<void> {
    progress.progressNote.value = words().chat.openedAgain;
    try {
      await untilCovered(this, (wait) => progress.waits(wait), signal);
      progress.waits(undefined);
      this.#timeline.add({ kind: 'reopened', tokens: ids.length });
    } finally {
      progress.waits(undefined, 'given-up');
      progress.progressNote.value = undefined;
    }
  }

  /** The installed page's shortcut asks for a new conversation; a reload of the page does not ask again. */
  #followShortcut(): void {
    const url = new URL(location.href);
    if (!url.searchParams.has('new')) return;
    url.searchParams.delete('new');
    history.replaceState(history.state, '', url);
    this.conversations.startNew();
  }

  /** Browsers let a page ask right after a click only. */
  #askToNotify(): void {
    const allowed = 'Notification' in globalThis ? Notification.requestPermission() : Promise.resolve('denied');
    void allowed.then((permission) => {
      if (permission === 'granted') return;
      this.#alerts.add('error', words().notices.noNotices);
      this.changeSettings({ notify: false });
    });
  }

  /** Others hear of it at once; the conversation stays in this tab while it is open to them. */
  #roomChanged(): void {
    this.conversations.hold(this.rooms.hosted.value, () => this.rooms.close());
    this.#session?.node?.membership.publishNow();
    this.#redraw.soon();
  }

  #idleIsNotTold(error: unknown): void {
    this.#alerts.addError(ShoalError.from(error));
    this.changeSettings({ lend: { ...this.settings.value.lend, onlyIdle: false } });
  }

  /** What others see this tab as. */
  get #name(): string {
    return this.settings.value.name || this.browserName;
  }

  #contextLength(): number {
    return this.model.value?.contextLength ?? 0;
  }

  async #text(): Promise<ModelText> {
    const text = await this.#requireSession().text();
    this.defaultTemperature.value = text.sampling.temperature ?? GENERAL_TEMPERATURE;
    return text;
  }

  #requireSession(): SwarmSession {
    if (!this.#session)
      throw new ShoalError('model-unavailable', 'The server has not answered yet. Wait a moment, or reload the page.');
    return this.#session;
  }

  #notConnected(): never {
    throw new ShoalError('peer-unreachable', 'This tab is still connecting to the swarm. Try again in a moment.');
  }

  /** Whether a shard has taken a step, which is more than progress within one. */
  #shardsMoved({ keeper, model }: SwarmSession): boolean {
    const phases = model.manifest.shards.map(({ index }) => keeper.status(index).phase).join();
    const moved = phases !== this.#phases;
    this.#phases = phases;
    return moved;
  }

  /** Once: an older page than others' is of no use to them, nor they to it. Whom nobody vouches for may say anything. */
  #tellNewerBuild(node: SwarmNode): void {
    if (this.#newerTold) return;
    const newer = node.otherBuilds().filter(({ build }) => build === 'newer');
    if (!newer.some(({ peerId }) => node.membership.standing(peerId) !== 'heard')) return;
    this.#newerTold = true;
    this.#alerts.add('info', words().notices.newerBuild, 'newer build');
  }

  #refresh(): void {
    const session = this.#session;
    batch(() => {
      this.logLines.value = [...log.lines()];
      if (!session) return;
      const { keeper, store, node, model } = session;
      const own = { ready: keeper.ready(), pending: keeper.pending() };
      // Who is about to go, or pauses, serves nobody new.
      const staying = (node?.membership.members() ?? []).filter(({ draining }) => !draining);
      const everybody = [...staying, own];
      this.#exchangeNames.hear(node?.membership.members() ?? []);
      const ownerOf = (exchangeId: string) => this.#exchangeNames.ownerOf(exchangeId);
      this.shards.value = shardRows(model.manifest, keeper, store.transfers(), everybody, ownerOf);
      if (!node) return;
      this.members.value = memberRows(node, keeper, { name: this.#name, leaving: this.leaving.value });
      this.#tellNewerBuild(node);
      this.heardNames.value = withNames(this.heardNames.value, this.members.value);
      this.swarm.value = swarmSummary(node, keeper, this.shards.value, this.members.value.length);
      this.#farewell.refresh(node, this.shards.value);
    });
    if (session)
      void session.store.usage().then((usage) => {
        this.environment.value = { ...this.environment.value, ...usage };
      });
  }
}
