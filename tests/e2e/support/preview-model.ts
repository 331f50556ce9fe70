import { batch, computed, type Signal, signal } from '@preact/signals';
import type {
  Admission,
  Alert,
  AnswerOptions,
  AnswerToken,
  AppModel,
  ChatMessage,
  CheckRow,
  DeviceCard,
  Environment,
  FarewellSummary,
  FetchWish,
  LinkPath,
  MemberRow,
  ModelSummary,
  Preset,
  Settings,
  ShardRow,
  Simulation,
  SwarmSummary,
  TimelineEvent,
  TimelineRow,
} from '../../../src/app/app-model.ts';
import type { LogLine } from '../../../src/core/log.ts';
import type { Wait } from '../../../src/swarm/route/wait.ts';
import { PreviewConversations } from './preview-conversations.ts';
import { PreviewRooms } from './preview-rooms.ts';
import { PreviewShelf } from './preview-shelf.ts';

export const SELF = '12D3KooWQy3mBvN4sVtT1pXo7Jr8hYkLwzA5uGcEdSf9R2bKn7Tq';
const MANIFEST_ID = '5d0f3a9b6c1e8472a0d4b7f6e3c29185d0f3a9b6c1e8472a0d4b7f6e3c291850';

/** The page's model without a swarm: tests set what it shows and see what it was asked to do. */
export class PreviewModel implements AppModel {
  simulation: Simulation | undefined;
  readonly environment: Signal<Environment> = signal({
    secureContext: true,
    webgpu: 'available',
    adapter: 'NVIDIA GeForce RTX 4070',
    runner: { kind: 'webgpu', reason: 'this browser has a GPU' },
    lacks: [],
    usedBytes: 24_600_000,
    quotaBytes: 41_200_000_000,
  });
  readonly model: Signal<ModelSummary | undefined> = signal({
    name: 'SmolLM2-135M-Instruct.Q4_1',
    manifestId: MANIFEST_ID,
    layerCount: 30,
    contextLength: 8192,
    totalBytes: 132_400_000,
  });
  readonly swarm: Signal<SwarmSummary> = signal({
    state: 'waiting',
    nodes: 0,
    missing: [0, 1, 2, 3],
    othersKnown: true,
    role: 'guest',
    peerId: SELF,
    introduction: 'online',
  });
  readonly shards: Signal<readonly ShardRow[]> = signal(emptyShards());
  readonly members: Signal<readonly MemberRow[]> = signal([]);
  readonly heardNames: Signal<ReadonlyMap<string, string>> = signal(new Map());
  readonly browserName = 'Chrome on Windows';
  readonly inviteLink = signal(`http://localhost:8787/#m=${MANIFEST_ID}`);
  readonly admission = signal<Admission>('open');
  readonly guestLink = signal('');
  readonly inviteThisMachineOnly = signal(false);
  readonly expectsConversation = false;
  readonly conversations = new PreviewConversations((what) => this.#ask(what));
  readonly rooms = new PreviewRooms((what) => this.#ask(what));
  readonly answerOptions = computed(() => this.settings.value);
  readonly messages: Signal<readonly ChatMessage[]> = signal([]);
  readonly busy = signal(false);
  readonly progressNote: Signal<string | undefined> = signal(undefined);
  readonly wait: Signal<Wait | undefined> = signal(undefined);
  readonly timeline: Signal<readonly TimelineRow[]> = signal([]);
  readonly lending: AppModel['lending'] = computed(() => ({
    paused: this.settings.value.lend.paused ? 'owner' : undefined,
    tellsCharging: true,
    tellsIdle: false,
    totals: { computedTokens: 4213.4, sentBytes: 71_000_000, takenTokens: 1204, receivedBytes: 46_200_000 },
  }));
  readonly leaving = signal(false);
  readonly farewell = signal<FarewellSummary>({ shards: [], copiedShare: 0, answers: 0, waiting: false });
  readonly choosing = signal(false);
  readonly placeKnown = signal(true);
  readonly defaultTemperature = signal(0.2);
  readonly lap: AppModel['lap'] & Signal = signal(undefined);
  readonly paths: Signal<ReadonlyMap<string, LinkPath>> = signal(new Map());
  readonly tokensPerSecond: Signal<number | undefined> = signal(undefined);
  readonly alerts: Signal<readonly Alert[]> = signal([]);
  readonly logLines: Signal<readonly LogLine[]> = signal([]);
  readonly checks: Signal<readonly CheckRow[]> = signal([]);
  readonly verifying = signal(false);
  readonly settings: Signal<Settings> = signal({
    name: '',
    temperature: undefined,
    maxTokens: 512,
    systemPrompt: '',
    language: 'auto',
    singleKeys: true,
    spreadModel: true,
    hub: 'open',
    acceptRemoteLoads: false,
    acceptRemoteUnloads: false,
    trustedPeers: [],
    checkOthers: true,
    registerInDht: true,
    wire: 'f32',
    lend: { paused: false, onlyCharging: false, onlyIdle: false, onlyTrusted: false, share: 1 },
    stayAwake: false,
    notify: false,
    runner: 'auto',
    threads: 'auto',
  });
  /** What the page has asked for, in order: `join auto`, `send Hello`. */
  readonly asked: string[] = [];
  /** When set, the next thing asked for fails with it. */
  failWith: string | undefined;

  join = (choice: readonly number[] | 'auto' | 'all') => this.#ask(`join ${choice}`);
  changeFetch = (shard: number, change: Partial<FetchWish>) => {
    void this.#ask(`changeFetch ${shard} ${JSON.stringify(change)}`);
    this.shards.value = this.shards.value.map((row) =>
      row.index === shard ? { ...row, wish: { ...row.wish, ...change } } : row,
    );
  };
  whatOthersLose = async () => this.farewell.value;
  leave = () => this.#ask('leave');
  leaveWhenCopied = () => this.#ask('leaveWhenCopied');
  device = async (peerId: string): Promise<DeviceCard> => {
    await this.#ask(`device ${peerId}`);
    return {
      ...{ computes: 'webgpu', adapter: 'NVIDIA GeForce RTX 4070', software: false, layersPerSecond: 612 },
      ...{ measuredPerSecond: 488.4, queueLength: 1, freeTokens: 24_576, version: '0.1.0' },
      ...{ roundTripMs: 12.4, path: 'same-network' },
      ...{ taken: { tokens: 96.4, bytes: 15_100_000 }, given: { tokens: 0, bytes: 46_200_000 } },
    };
  };
  stay = () => void this.#ask('stay');
  stop = () => void this.#ask('stop');
  continueAnswer = () => this.#ask('continueAnswer');
  newConversation = () => void this.#ask('newConversation');
  editQuestion = async (id: number, text: string) => {
    await this.#ask(`editQuestion ${id} ${text}`);
    return true;
  };
  regenerate = (id: number) => this.#ask(`regenerate ${id}`);
  hasTokens = () => this.tokens.length > 0;
  tokensOf = async (): Promise<readonly AnswerToken[]> => this.tokens;
  tokens: readonly AnswerToken[] = [];
  goOnFrom = (id: number, place: number, other: number | undefined) => this.#ask(`goOnFrom ${id} ${place} ${other}`);
  showBranch = (id: number, step: number) => void this.#ask(`showBranch ${id} ${step}`);
  changeAnswerOptions = (change: Partial<AnswerOptions>) => this.changeSettings(change);
  traceFile = () => new File(['{}'], 'shoal-trace.json');
  readonly presets: Signal<readonly Preset[]> = signal([]);
  savePreset = (name: string) => {
    const others = this.presets.value.filter((preset) => preset.name !== name);
    this.presets.value = [...others, { name, options: this.settings.value }];
  };
  usePreset = (name: string) => this.changeSettings(this.presets.value.find((preset) => preset.name === name)!.options);
  removePreset = (name: string) => {
    this.presets.value = this.presets.value.filter((preset) => preset.name !== name);
  };
  verify = () => this.#ask('verify');
  readonly shelf = new PreviewShelf((what) => this.#ask(what));
  models = async () => this.shelf;
  /** Whether files are of this swarm's model. */
  knownFiles = true;

  async openFiles(files: readonly File[]): Promise<boolean> {
    await this.#ask(`openFiles ${files.map(({ name }) => name).join(' ')}`);
    if (this.knownFiles) return true;
    this.shelf.candidate.value = { name: files[0]!.name, totalBytes: files.reduce((sum, { size }) => sum + size, 0) };
    return false;
  }

  clearStorage = () => this.#ask('clearStorage');
  foundPrivateSwarm = () => this.#ask('foundPrivateSwarm');
  startNewLink = () => this.#ask('startNewLink');

  /** What the page is told of any prompt's length. */
  size = { tokens: 40, exact: true };
  fewestTokens = (text: string) => Math.ceil(text.length / 16);
  promptSize = async () => this.size;
  textSize = async (text: string) => ({ tokens: Math.ceil(text.length / 4), exact: true });
  leaveOutOldest = (text: string) => this.#ask(`leaveOutOldest ${text}`);

  async send(text: string): Promise<boolean> {
    await this.#ask(`send ${text}`);
    if (this.size.tokens >= this.model.value!.contextLength) return false;
    this.begin(text);
    return true;
  }

  dismissAlert(id: number): void {
    this.alerts.value = this.alerts.value.filter((alert) => alert.id !== id);
  }

  changeSettings(change: Partial<Settings>): void {
    this.settings.value = { ...this.settings.value, ...change };
  }

  changeShard(index: number, change: Partial<ShardRow>): void {
    this.shards.value = this.shards.value.map((row) => (row.index === index ? { ...row, ...change } : row));
  }

  /** A row of the timeline, `secondsAgo` before three minutes past two. */
  happened(event: TimelineEvent, secondsAgo: number): void {
    const timeMs = new Date(2026, 0, 1, 14, 3, 0).getTime() - 1000 * secondsAgo;
    this.timeline.value = [{ id: this.timeline.value.length, timeMs, event }, ...this.timeline.value];
  }

  /** A question, and an empty answer that streams. */
  begin(question: string): void {
    batch(() => {
      this.#append({ role: 'user', text: question, state: 'done' });
      this.#append({ role: 'assistant', text: '', state: 'streaming' });
      this.busy.value = true;
    });
  }

  /** More of the answer that streams. */
  stream(text: string): void {
    const last = this.messages.value.at(-1)!;
    this.#changeLast({ text: last.text + text });
  }

  end(change: Partial<ChatMessage> = {}): void {
    batch(() => {
      this.#changeLast({ state: 'done', ...change });
      this.busy.value = false;
    });
  }

  /** A whole exchange. */
  say(question: string, answer: string, change: Partial<ChatMessage> = {}): void {
    this.begin(question);
    this.stream(answer);
    this.end(change);
  }

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    const message = this.failWith;
    this.failWith = undefined;
    if (message) throw new Error(message);
  }

  #append(message: Pick<ChatMessage, 'role' | 'text' | 'state'>): void {
    const id = this.messages.value.length;
    this.messages.value = [...this.messages.value, { id, error: undefined, note: undefined, ...message }];
  }

  #changeLast(change: Partial<ChatMessage>): void {
    const last = this.messages.value.at(-1)!;
    this.messages.value = [...this.messages.value.slice(0, -1), { ...last, ...change }];
  }
}

function emptyShards(): ShardRow[] {
  const layers = [0, 8, 16, 23, 30];
  const sizes = [46_200_000, 17_300_000, 15_100_000, 53_800_000];
  return sizes.map((totalBytes, index) => ({
    index,
    fileName: `shard-${index}.gguf`,
    layers: { start: layers[index]!, end: layers[index + 1]! },
    hasEmbedding: index === 0,
    hasOutput: index === 3,
    state: 'absent',
    error: undefined,
    storedBytes: 0,
    totalBytes,
    downBytesPerSecond: 0,
    upBytesPerSecond: 0,
    sources: [],
    sentBytes: 0,
    receivedBytes: 0,
    serverBytes: 0,
    hub: undefined,
    peers: 0,
    traffic: [],
    pieces: undefined,
    wish: { paused: false, priority: 'normal' },
    waits: false,
    copiedShare: 0,
    secondsLeft: undefined,
    verified: false,
    seeding: false,
    loadedBytes: 0,
    holders: 0,
  }));
}
