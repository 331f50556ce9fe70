import { type Signal, signal } from '@preact/signals';
import * as v from 'valibot';
import type { Settings } from '../app-model.ts';

const STORAGE_KEY = 'shoal-settings';

export const DEFAULT_SETTINGS: Settings = {
  temperature: 0.7,
  maxTokens: 512,
  systemPrompt: '',
  spreadModel: true,
  acceptRemoteLoads: false,
  registerInDht: true,
};

const storedSchema = v.partial(
  v.object({
    temperature: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
    maxTokens: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    systemPrompt: v.string(),
    spreadModel: v.boolean(),
    acceptRemoteLoads: v.boolean(),
    registerInDht: v.boolean(),
  }),
);

/** The person's settings, kept in the browser. What is stored and unreadable falls back to the default. */
export function storedSettings(): { settings: Signal<Settings>; change: (change: Partial<Settings>) => void } {
  const settings = signal<Settings>({ ...DEFAULT_SETTINGS, ...readStored() });
  const change = (changed: Partial<Settings>) => {
    const result = v.safeParse(storedSchema, { ...settings.value, ...changed });
    if (!result.success) return;
    settings.value = { ...DEFAULT_SETTINGS, ...result.output };
    localStorage.setItem(STORAGE_KEY, JSON.stringify(settings.value));
  };
  return { settings, change };
}

function readStored(): Partial<Settings> {
  try {
    const result = v.safeParse(storedSchema, JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}'));
    return result.success ? (result.output as Partial<Settings>) : {};
  } catch {
    return {};
  }
}
