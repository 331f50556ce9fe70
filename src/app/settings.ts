import { type Signal, signal } from '@preact/signals';
import * as v from 'valibot';
import { MAX_THREADS } from '../../workers/thread-count.ts';
import { MAX_PEER_ID_BYTES } from '../protocol/limits.ts';
import { plainName } from '../protocol/member-name.ts';
import { LANGUAGE_SETTINGS } from '../words/words.ts';
import type { Settings } from './app-model.ts';
import { answerOptionsSchema, DEFAULT_ANSWER_OPTIONS } from './chat/answer-options.ts';
import { lastingItems } from './lasting-items.ts';

/** A class, and then some. */
const MAX_TRUSTED_PEERS = 256;
const STORAGE_KEY = 'shoal-settings';

export const DEFAULT_SETTINGS: Settings = {
  name: '',
  language: 'auto',
  singleKeys: true,
  ...DEFAULT_ANSWER_OPTIONS,
  spreadModel: true,
  hub: 'open',
  acceptRemoteLoads: false,
  acceptRemoteUnloads: false,
  trustedPeers: [],
  registerInDht: true,
  checkOthers: true,
  wire: 'f32',
  lend: { paused: false, onlyCharging: false, onlyIdle: false, onlyTrusted: false, share: 1 },
  stayAwake: false,
  notify: false,
  runner: 'auto',
  threads: 'auto',
};

const LEND = DEFAULT_SETTINGS.lend;
const most = v.fallback(v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))), undefined);
const lendSchema = v.object({
  paused: v.fallback(v.boolean(), LEND.paused),
  onlyCharging: v.fallback(v.boolean(), LEND.onlyCharging),
  onlyIdle: v.fallback(v.boolean(), LEND.onlyIdle),
  onlyTrusted: v.fallback(v.boolean(), LEND.onlyTrusted),
  // A device that computes for a twentieth of the time is hardly there; less would be a stage that stands still.
  share: v.fallback(v.pipe(v.number(), v.minValue(0.05), v.maxValue(1)), LEND.share),
  sessions: most,
  memoryMegabytes: most,
  diskMegabytes: most,
  uploadKilobytes: most,
});

/** Each setting on its own falls back to its default when what is stored is unreadable. */
const settingsSchema = v.object({
  name: v.fallback(v.pipe(v.string(), v.transform(plainName)), DEFAULT_SETTINGS.name),
  language: v.fallback(v.picklist(LANGUAGE_SETTINGS), DEFAULT_SETTINGS.language),
  singleKeys: v.fallback(v.boolean(), DEFAULT_SETTINGS.singleKeys),
  ...answerOptionsSchema.entries,
  spreadModel: v.fallback(v.boolean(), DEFAULT_SETTINGS.spreadModel),
  hub: v.fallback(v.picklist(['open', 'always', 'never']), DEFAULT_SETTINGS.hub),
  acceptRemoteLoads: v.fallback(v.boolean(), DEFAULT_SETTINGS.acceptRemoteLoads),
  acceptRemoteUnloads: v.fallback(v.boolean(), DEFAULT_SETTINGS.acceptRemoteUnloads),
  trustedPeers: v.fallback(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(MAX_PEER_ID_BYTES))), v.maxLength(MAX_TRUSTED_PEERS)),
    DEFAULT_SETTINGS.trustedPeers,
  ),
  registerInDht: v.fallback(v.boolean(), DEFAULT_SETTINGS.registerInDht),
  checkOthers: v.fallback(v.boolean(), DEFAULT_SETTINGS.checkOthers),
  wire: v.fallback(v.picklist(['f32', 'f16', 'q8']), DEFAULT_SETTINGS.wire),
  lend: v.fallback(lendSchema, LEND),
  stayAwake: v.fallback(v.boolean(), DEFAULT_SETTINGS.stayAwake),
  notify: v.fallback(v.boolean(), DEFAULT_SETTINGS.notify),
  runner: v.fallback(v.picklist(['auto', 'webgpu', 'cpu']), DEFAULT_SETTINGS.runner),
  threads: v.fallback(
    v.union([v.literal('auto'), v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_THREADS))]),
    DEFAULT_SETTINGS.threads,
  ),
});

/** The person's settings, kept in the browser. */
export function storedSettings(): { settings: Signal<Settings>; change: (change: Partial<Settings>) => void } {
  const settings = signal<Settings>(readStored());
  const change = (changed: Partial<Settings>) => {
    settings.value = v.parse(settingsSchema, { ...settings.value, ...changed });
    lastingItems()?.setItem(STORAGE_KEY, JSON.stringify(settings.value));
  };
  return { settings, change };
}

function readStored(): Settings {
  try {
    const stored: unknown = JSON.parse(lastingItems()?.getItem(STORAGE_KEY) ?? '{}');
    return v.parse(settingsSchema, { ...DEFAULT_SETTINGS, ...Object(stored) });
  } catch {
    return DEFAULT_SETTINGS;
  }
}
