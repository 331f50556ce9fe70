import type { ReadonlySignal } from '@preact/signals';
import type { ErrorCode } from '../core/errors.ts';
import type { LogLine } from '../core/log.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { LinkPath } from '../net/transport.ts';
import type { WrongValue } from '../simulation/simulation-options.ts';
import type { FetchPriority, FetchWish, HubView, PeerTraffic, PieceMap } from '../store/shard-store.ts';
import type { Lap } from '../swarm/coordinator/generation.ts';
import type { RouteEvent } from '../swarm/coordinator/route-event.ts';
import type { Wait } from '../swarm/route/wait.ts';
import type { Check } from '../swarm/verify.ts';
import type { PromptSize } from '../tokenizer/index.ts';
import type { LanguageSetting } from '../words/words.ts';
import type { AnswerOptions } from './chat/answer-options.ts';
import type { Preset } from './chat/presets.ts';
import type { LendTotals } from './lend-totals.ts';
import type { Forecast, JoinForecast, ModelShelf, Preflight, ShelfModel } from './models/shelf.ts';

export type {
  AnswerOptions,
  FetchPriority,
  FetchWish,
  Forecast,
  HubView,
  JoinForecast,
  Lap,
  LinkPath,
  ModelShelf,
  Preflight,
  Preset,
  ShelfModel,
  Wait,
};

/** What the page shows and does. Components know this; `main.ts` builds it over the swarm. */
export interface AppModel {
  /** Undefined where the swarm is a real one. */
  readonly simulation: Simulation | undefined;
  readonly environment: ReadonlySignal<Environment>;
  readonly model: ReadonlySignal<ModelSummary | undefined>;
  readonly swarm: ReadonlySignal<SwarmSummary>;
  readonly shards: ReadonlySignal<readonly ShardRow[]>;
  readonly members: ReadonlySignal<readonly MemberRow[]>;
  /** Names of all tabs heard of since the page was opened, by peer id: also of those that have gone. */
  readonly heardNames: ReadonlySignal<ReadonlyMap<string, string>>;
  /** What this tab is called where its owner does not say: by its browser. */
  readonly browserName: string;
  readonly admission: ReadonlySignal<Admission>;
  /** The link that brings another tab here. */
  readonly inviteLink: ReadonlySignal<string>;
  /** The link for guests of a private swarm, as its members see it; else empty. */
  readonly guestLink: ReadonlySignal<string>;
  /** Whether nobody but this machine can open the link. */
  readonly inviteThisMachineOnly: ReadonlySignal<boolean>;
  /** Whether this tab had a conversation before it was opened again, which is then on its way to `messages`. */
  readonly expectsConversation: boolean;
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly conversations: ConversationList;
  readonly rooms: RoomDoor;
  /** How the answers of the conversation that is shown are made. */
  readonly answerOptions: ReadonlySignal<AnswerOptions>;
  /** Options of answers that this browser keeps under names. */
  readonly presets: ReadonlySignal<readonly Preset[]>;
  /** An answer is being made. */
  readonly busy: ReadonlySignal<boolean>;
  /** What the tab waits for before the first token, e.g. "Reading the prompt: 64 of 120 tokens". */
  readonly progressNote: ReadonlySignal<string | undefined>;
  /** Why the answer that is being made stands still; undefined while it goes on. */
  readonly wait: ReadonlySignal<Wait | undefined>;
  /** What the answers of this tab met on their way, the newest first. */
  readonly timeline: ReadonlySignal<readonly TimelineRow[]>;
  /** Where a token's time went in the last minute, for the map of the layers. */
  readonly lap: ReadonlySignal<LapMean | undefined>;
  /** The ways to the tabs of the last lap, by peer id. */
  readonly paths: ReadonlySignal<ReadonlyMap<string, LinkPath>>;
  readonly tokensPerSecond: ReadonlySignal<number | undefined>;
  readonly alerts: ReadonlySignal<readonly Alert[]>;
  readonly logLines: ReadonlySignal<readonly LogLine[]>;
  readonly checks: ReadonlySignal<readonly CheckRow[]>;
  readonly verifying: ReadonlySignal<boolean>;
  readonly settings: ReadonlySignal<Settings>;
  /** What this device lends at the moment, and has lent. */
  readonly lending: ReadonlySignal<LendState>;
  /** What answers are made with where the settings do not say: the model's own. */
  readonly defaultTemperature: ReadonlySignal<number>;
  /** The tab hands over what it serves before it leaves. */
  readonly leaving: ReadonlySignal<boolean>;
  /** What others lose when this tab goes. */
  readonly farewell: ReadonlySignal<FarewellSummary>;
  /** Whether it hears what the others have, to take what they lack. */
  readonly choosing: ReadonlySignal<boolean>;
  /** Whether it is known what this tab served when it was last open, and takes up again. */
  readonly placeKnown: ReadonlySignal<boolean>;

  /** Joins with these shards; `auto` takes the least covered, `all` runs the model in this tab alone. */
  join(choice: readonly number[] | 'auto' | 'all'): Promise<void>;
  /** What others lose when this tab goes; one that has just come hears first who is there. */
  whatOthersLose(): Promise<FarewellSummary>;
  /** Pauses a shard's download, goes on with it, or puts it before others; kept for this browser. */
  changeFetch(shard: number, change: Partial<FetchWish>): void;
  /** Hands over, then leaves; a second call while it does asks for nothing. */
  leave(): Promise<void>;
  /** Leaves when other tabs have stored what only this one serves. */
  leaveWhenCopied(): Promise<void>;
  /** Ends that wait, and stays. */
  stay(): void;
  /** @returns false for a prompt that is too long: it is not in the conversation then */
  send(text: string): Promise<boolean>;
  /** A number of tokens that a text has at the least, at once; 0 until the tokenizer is there. */
  fewestTokens(text: string): number;
  /** How many tokens the model would read with this prompt, the conversation before it included. */
  promptSize(text: string): Promise<PromptSize>;
  /** How many tokens a text has by itself. */
  textSize(text: string): Promise<PromptSize>;
  /** Leaves the oldest turns out of this prompt and all to come, until it fits. */
  leaveOutOldest(text: string): Promise<void>;
  stop(): void;
  /** Goes on with the last answer, which was stopped or went wrong, from the tokens that are there. */
  continueAnswer(): Promise<void>;
  newConversation(): void;
  /** Asks otherwise what a message has asked. @returns as `send` */
  editQuestion(messageId: number, text: string): Promise<boolean>;
  /** Has an answer made once more, beside the old one. */
  regenerate(messageId: number): Promise<void>;
  /** Whether it is known what an answer was drawn from. */
  hasTokens(messageId: number): boolean;
  /**
   * The tokens of an answer, with what was likely in their places; none where they were not kept.
   * @throws ShoalError where the model's tokenizer cannot be had
   */
  tokensOf(messageId: number): Promise<readonly AnswerToken[]>;
  /**
   * Has an answer made once more from a place on, beside the old one.
   * @param other - which of the other tokens stands at the place; undefined to draw anew
   */
  goOnFrom(messageId: number, place: number, other: number | undefined): Promise<void>;
  /** Shows another of the messages that follow the same one. @param step - 1 for the next, -1 for the one before */
  showBranch(messageId: number, step: number): void;
  /** The laps of this page's answers, as Perfetto opens them. */
  traceFile(): File;
  verify(): Promise<void>;
  /** Asks a tab what it computes with, and adds what this one has seen of it. @throws ShoalError `peer-unreachable` */
  device(peerId: string): Promise<DeviceCard>;
  /**
   * Takes this swarm's model from a file of this machine, or from all parts of a set.
   * @returns false where it is another model, which then waits on the shelf
   */
  openFiles(files: readonly File[]): Promise<boolean>;
  /** The models that can be opened; their code comes when they are asked for. */
  models(): Promise<ModelShelf>;
  dismissAlert(id: number): void;
  changeSettings(change: Partial<Settings>): void;
  /** For this conversation, and new ones. */
  changeAnswerOptions(change: Partial<AnswerOptions>): void;
  /** Keeps this conversation's options under a name, in place of others of that name. */
  savePreset(name: string): void;
  /** As `changeAnswerOptions`, with all options of a preset. */
  usePreset(name: string): void;
  removePreset(name: string): void;
  /** Founds a private swarm of the same model, with what this tab serves. The page is opened anew. */
  foundPrivateSwarm(): Promise<void>;
  /** Moves the members of this private swarm to a new link: the old ones lead nowhere then. The page is opened anew. */
  startNewLink(): Promise<void>;
  /** Deletes this model's shards from the browser's storage. */
  clearStorage(): Promise<void>;
}

/** Whether everybody may take part in the swarm, or this tab has the secret of a member or guest of a private one. */
export type Admission = 'open' | 'member' | 'guest';

/** Swarm and model are made up, in this page. */
export interface Simulation {
  /** Made up, beside this tab. */
  readonly devices: number;
  /** What the address says wrong of it. */
  readonly wrong: readonly WrongValue[];
}

export interface Environment {
  readonly secureContext: boolean;
  readonly webgpu: 'checking' | 'available' | 'software' | 'missing';
  readonly adapter: string;
  /** What runs this tab's layers, and why; undefined until it is known. */
  readonly runner: { readonly kind: 'webgpu' | 'cpu'; readonly reason: string } | undefined;
  /** What this browser does not give the page; it then works without. */
  readonly lacks: readonly Lack[];
  readonly usedBytes: number;
  readonly quotaBytes: number;
}

/**
 * `webrtc`: no connection to other tabs. `site-data`: nothing stored. `lasting-site-data`: what is stored goes with the
 * window. `threads`: no memory shared between threads.
 */
export type Lack = 'webrtc' | 'site-data' | 'lasting-site-data' | 'threads';

export interface ModelSummary {
  readonly name: string;
  readonly manifestId: string;
  readonly layerCount: number;
  readonly contextLength: number;
  readonly totalBytes: number;
}

export interface SwarmSummary {
  readonly state: 'offline' | 'connecting' | 'waiting' | 'ready';
  /** Members known, this tab among them once it has joined. */
  readonly nodes: number;
  /** Shards that nobody serves. */
  readonly missing: readonly number[];
  /** Whether this tab has listened for so long that it has heard of everybody who is there. */
  readonly othersKnown: boolean;
  /** Whether this tab has joined as a node or only prompts (guest). */
  readonly role: 'guest' | 'node';
  readonly peerId: string;
  readonly introduction: 'connecting' | 'online' | 'offline';
}

/** What only this tab serves, while there are others. */
export interface FarewellSummary {
  /** Shards; none when nobody loses anything. */
  readonly shards: readonly number[];
  /** Of the least copied of them, as much as another tab has: 0 to 1. */
  readonly copiedShare: number;
  /** Of other tabs, that run through this one now. */
  readonly answers: number;
  /** It waits until they are copied, and leaves then. */
  readonly waiting: boolean;
}

export type ShardState = 'absent' | 'downloading' | 'verifying' | 'loading' | 'ready' | 'error';

/** `hub`: where the model's whole file lies. `sibling`: another tab of this browser fetches it for all of them. */
export type ShardSource = 'tabs' | 'server' | 'hub' | 'storage' | 'sibling';

/** One shard, like a torrent client's row. */
export interface ShardRow {
  readonly index: number;
  readonly fileName: string;
  readonly layers: LayerRange;
  readonly hasEmbedding: boolean;
  readonly hasOutput: boolean;
  readonly state: ShardState;
  /** What went wrong, in English. */
  readonly error: string | undefined;
  /** Of `error`. */
  readonly errorCode?: string | undefined;
  readonly storedBytes: number;
  readonly totalBytes: number;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  /** Where its bytes come from, as far as that has been seen. */
  readonly sources: readonly ShardSource[];
  readonly sentBytes: number;
  /** From other tabs, the server and the hub, wrong ones among them, since the page was opened. */
  readonly receivedBytes: number;
  /** Of these, from the server's copy. */
  readonly serverBytes: number;
  /** Where the model's whole file lies, if the manifest says where that is. */
  readonly hub: HubView | undefined;
  readonly peers: number;
  /** By other tabs, those with most bytes first. */
  readonly traffic: readonly TabTraffic[];
  /** Undefined while the shard is not exchanged. */
  readonly pieces: PieceMap | undefined;
  /** What the owner wants of its download. */
  readonly wish: FetchWish;
  /** It is fetched later: another one goes before. */
  readonly waits: boolean;
  /** Of the shard, as much as the other tab has that has the most: 0 to 1. */
  readonly copiedShare: number;
  readonly secondsLeft: number | undefined;
  readonly verified: boolean;
  readonly seeding: boolean;
  /** Bytes already where they are computed with, while `state` is `loading`. */
  readonly loadedBytes: number;
  /** Members that serve it, this tab included. */
  readonly holders: number;
}

/** What another tab has sent of a shard and got of it. */
export interface TabTraffic extends Omit<PeerTraffic, 'exchangeId'> {
  /** Undefined where it has not said who it is: a guest, or another program. */
  readonly peerId: string | undefined;
}

export interface MemberRow {
  readonly peerId: string;
  /** What its owner calls it; may be empty, and others may be called the same. */
  readonly name: string;
  readonly self: boolean;
  readonly ready: readonly number[];
  readonly pending: readonly number[];
  readonly connected: boolean;
  /** It hands over what it serves, and goes. */
  readonly draining: boolean;
  readonly layersPerSecond: number;
  /** It has a conversation that is open to all. */
  readonly room?: boolean;
  /** Its build cannot compute with this one. */
  readonly build?: 'older' | 'newer' | undefined;
  /** Checks by this tab that found it good, and when the last was, `Date.now()`. */
  readonly checked?: { readonly times: number; readonly atMs: number } | undefined;
}

/** The mean of laps along one route. */
export interface LapMean extends Lap {
  readonly laps: number;
  /** When the newest of them ended, `performance.now()`. */
  readonly atMs: number;
}

/** What one tab has done for another. */
export interface Exchanged {
  /** Tokens' worth of a whole model that it has computed. */
  readonly tokens: number;
  /** Of weights. */
  readonly bytes: number;
}

/** What there is to know of a tab's device. */
export interface DeviceCard {
  readonly computes: 'webgpu' | 'cpu' | 'none';
  /** May be empty. */
  readonly adapter: string;
  /** A GPU that the processor imitates. */
  readonly software: boolean;
  /** As it says of itself; 0 until it has computed. */
  readonly layersPerSecond: number;
  /** As this tab has measured it, what was not explained among it; undefined until it has. */
  readonly measuredPerSecond: number | undefined;
  /** What it has given to this tab since the page was opened, and taken from it; undefined for this tab itself. */
  readonly taken: Exchanged | undefined;
  readonly given: Exchanged | undefined;
  readonly queueLength: number;
  /** Positions of conversations that it has room for. */
  readonly freeTokens: number;
  readonly version: string;
  /** There and back, ms; 0 where no channel is open. */
  readonly roundTripMs: number;
  readonly path: LinkPath | undefined;
}

export interface ChatMessage {
  readonly id: number;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly state: 'streaming' | 'done' | 'stopped' | 'error';
  /** What went wrong, in English. */
  readonly error: string | undefined;
  /** Of `error`. */
  readonly errorCode?: string | undefined;
  /** It was stopped or went wrong, and can be gone on with as long as it is the last. */
  readonly continuable?: boolean;
  /** E.g. "31 tokens · 12.4 tokens/s · first token after 0.4 s, 28 new prompt tokens · on 3 tabs", in the language of that time. */
  readonly note: string | undefined;
  /** The model does not read it any more. */
  readonly leftOut?: boolean | undefined;
  /** Who has asked, in a room. */
  readonly by?: Speaker | undefined;
  /** Which it is of those that follow the same message, where there are several; the first is 1. */
  readonly branch?: { readonly number: number; readonly count: number } | undefined;
}

/** Who says something in a room. */
export interface Speaker {
  readonly peerId: string;
  readonly name: string;
}

/** Conversations that are open to everybody in the swarm: this tab's, and the one of another tab that it looks into. */
export interface RoomDoor {
  /** The conversation of this tab that is open. */
  readonly hosted: ReadonlySignal<string | undefined>;
  /** Tabs that look into it. */
  readonly followers: ReadonlySignal<number>;
  /** Shown in place of this tab's own conversation; `messages`, `busy` and `send` are the room's then. */
  readonly followed: ReadonlySignal<FollowedRoom | undefined>;
  /** Opens the conversation that is shown: everybody in the swarm may read it, and ask. */
  open(): Promise<void>;
  close(): void;
  /** @param peerId - of a member with a room */
  follow(peerId: string): Promise<void>;
  /** Shows this tab's own conversation again. */
  leave(): void;
}

export interface FollowedRoom {
  readonly peerId: string;
  readonly title: ReadonlySignal<string>;
  /** `closed` by its owner, or `gone` with its tab; what was said is still shown. */
  readonly state: ReadonlySignal<'opening' | 'open' | 'out-of-reach' | 'closed' | 'gone'>;
}

/** A token of an answer. */
export interface AnswerToken {
  readonly text: string;
  /** Its probability, 0 to 1; undefined where an earlier page drew it. */
  readonly share: number | undefined;
  /** The likeliest others, the first the likeliest. */
  readonly others: readonly { readonly text: string; readonly share: number }[];
}

/** The conversations that this browser keeps, of all models. */
export interface ConversationList {
  /** Pinned ones first, then the newest; what other tabs have changed is there after `load`. */
  readonly rows: ReadonlySignal<readonly ConversationRow[]>;
  /** Id of the one that is shown, which has no row before its first message. */
  readonly current: ReadonlySignal<string>;
  /** Of the one that is shown; empty before its first message. */
  readonly title: ReadonlySignal<string>;
  /** The last that was deleted, while it can be had back. */
  readonly removed: ReadonlySignal<{ readonly id: string; readonly title: string } | undefined>;
  load(): Promise<void>;
  /** Shows it; an answer that is being made in another goes on. @throws ShoalError `busy` when another tab has it */
  open(id: string): Promise<void>;
  /** @param title - empty for its first words */
  rename(id: string, title: string): Promise<void>;
  pin(id: string, pinned: boolean): Promise<void>;
  /** @throws ShoalError `busy` when another tab has it */
  remove(id: string): Promise<void>;
  undoRemove(): Promise<void>;
  /** What is shown of it, to read. */
  markdown(id: string): Promise<File>;
  /** With its branches and options; all conversations where none is named. */
  json(id?: string): Promise<File>;
  /** Adds the conversations of such a file. @throws ShoalError `bad-request` */
  takeFile(file: File): Promise<void>;
}

export interface ConversationRow {
  readonly id: string;
  readonly title: string;
  /** That it was spoken to last; may be empty. */
  readonly modelName: string;
  readonly pinned: boolean;
  /** By `Date.now()`; undefined while this tab has it open. */
  readonly savedAtMs: number | undefined;
  /** It is answering. */
  readonly busy: boolean;
  /** Another tab of this browser has it open. */
  readonly elsewhere: boolean;
  /** All that was said, to search in. */
  readonly texts: readonly string[];
}

/** How long a prompt is. */
export type { PromptSize };

export interface TimelineRow {
  readonly id: number;
  /** By `Date.now()`. */
  readonly timeMs: number;
  readonly event: TimelineEvent;
}

/** What happened to a route, or what an answer waited for. */
export type TimelineEvent =
  | RouteEvent
  | {
      /** Nobody served these layers. */
      readonly kind: 'waited';
      readonly layers: LayerRange;
      /** Who fetched them at last; empty when nobody was known to. */
      readonly peerIds: readonly string[];
      readonly waitedMs: number;
      /** How it ended: the answer went on, or it was stopped or failed. */
      readonly outcome: 'served' | 'given-up';
    }
  | {
      /** Every node with the layers was full. */
      readonly kind: 'queued';
      readonly waitedMs: number;
      readonly outcome: 'served' | 'given-up';
    }
  | {
      /** This tab was opened again in mid-answer. */
      readonly kind: 'reopened';
      /** Tokens of the answer that were there already. */
      readonly tokens: number;
    };

export interface Alert {
  readonly id: number;
  readonly level: 'error' | 'warning' | 'info';
  readonly text: string;
  /** Of an error, whose text is English then. */
  readonly code?: ErrorCode | undefined;
  /** How often it came, where that was more than once. */
  readonly count?: number;
}

export type CheckRow = Check;

/** What runs the layers: the better of both, or always the one. */
export type RunnerSetting = 'auto' | 'webgpu' | 'cpu';

/** Whether the model's public file is asked where nobody has a shard: in open swarms, in private ones too, or never. */
export type HubSetting = 'open' | 'always' | 'never';

/** Exactly, rounded to half floats, or to 8 bits. */
export type WireSetting = 'f32' | 'f16' | 'q8';

/** Threads that compute where the processor runs the layers: as many as pay, or always so many. */
export type ThreadsSetting = 'auto' | number;

/** What the owner lends to others; a limit that is undefined is the browser's or the device's own. */
export interface LendSettings {
  readonly paused: boolean;
  /** Where the browser tells whether the device charges. */
  readonly onlyCharging: boolean;
  /** While nobody uses the device, where the browser tells. */
  readonly onlyIdle: boolean;
  /** To `trustedPeers` alone. */
  readonly onlyTrusted: boolean;
  /** Part of the time that the device computes for others, above 0 and at most 1. */
  readonly share: number;
  /** Sessions of others at once. */
  readonly sessions?: number | undefined;
  /** Of shards on the device. */
  readonly memoryMegabytes?: number | undefined;
  /** Of what this page stores. */
  readonly diskMegabytes?: number | undefined;
  /** A second, to other tabs. */
  readonly uploadKilobytes?: number | undefined;
}

export interface LendState {
  /** Why this device lends nothing now; undefined when it does. */
  readonly paused: 'owner' | 'battery' | 'in-use' | undefined;
  readonly tellsCharging: boolean;
  readonly tellsIdle: boolean;
  readonly totals: LendTotals;
}

/** The answer options are those of new conversations. */
export interface Settings extends AnswerOptions {
  /** That the page speaks. */
  readonly language: LanguageSetting;
  /** Whether keys do something without Control or the like, outside of fields. */
  readonly singleKeys: boolean;
  /** What others see this tab as; by its browser where it is empty. */
  readonly name: string;
  /** Seed the shards that this tab does not run as well. */
  readonly spreadModel: boolean;
  readonly hub: HubSetting;
  /** Others may ask this tab to load a shard (`LOAD_SHARD`). */
  readonly acceptRemoteLoads: boolean;
  /** Those of `trustedPeers` may ask this tab to let a shard go (`UNLOAD_SHARD`). */
  readonly acceptRemoteUnloads: boolean;
  /** Tabs whom the person has picked from the list, by peer id. */
  readonly trustedPeers: readonly string[];
  /** Have other tabs compute again, by chance, what was computed for this one. */
  readonly checkOthers: boolean;
  /** Register the files that this tab seeds in the swarm's table. */
  readonly registerInDht: boolean;
  /** How hidden states of this tab's prompts may travel between tabs, on links where it pays. */
  readonly wire: WireSetting;
  readonly lend: LendSettings;
  /** Keep the screen on while this tab serves and is seen. */
  readonly stayAwake: boolean;
  /** Tell the person that a long answer is done, while this tab is hidden. */
  readonly notify: boolean;
  /** Takes effect when the page is opened again. */
  readonly runner: RunnerSetting;
  /** Takes effect when the page is opened again. */
  readonly threads: ThreadsSetting;
}
