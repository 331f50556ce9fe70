import { type Signal, signal } from '@preact/signals';
import * as v from 'valibot';
import { lastingItems } from '../lasting-items.ts';
import { type AnswerOptions, answerOptionsOf, answerOptionsSchema } from './answer-options.ts';

const STORAGE_KEY = 'shoal-presets';
/** More are no help to find one. */
const MAX_PRESETS = 50;
export const MAX_PRESET_NAME_CHARS = 60;

const presetSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_PRESET_NAME_CHARS)),
  options: answerOptionsSchema,
});
const presetsSchema = v.pipe(v.array(presetSchema), v.maxLength(MAX_PRESETS));

/** Options of answers under a name. */
export type Preset = Readonly<v.InferOutput<typeof presetSchema>>;

/** Every option at its default: what a preset leaves out is not what was there before. */
const BLANK: Partial<AnswerOptions> = Object.fromEntries(
  Object.keys(answerOptionsSchema.entries).map((key) => [key, undefined]),
);

/** The presets of this browser, by name. */
export class Presets {
  readonly list: Signal<readonly Preset[]> = signal(read());

  /** Under the name of another it takes its place; of too many the oldest goes. */
  save(name: string, options: AnswerOptions): void {
    const given = name.trim().slice(0, MAX_PRESET_NAME_CHARS);
    if (given === '') return;
    const others = this.list.value.filter((preset) => preset.name !== given);
    this.#write([...others, { name: given, options: answerOptionsOf(options) }].slice(-MAX_PRESETS));
  }

  remove(name: string): void {
    this.#write(this.list.value.filter((preset) => preset.name !== name));
  }

  /** All options as a preset has them. */
  optionsOf(name: string): Partial<AnswerOptions> {
    const preset = this.list.value.find((other) => other.name === name);
    return preset ? { ...BLANK, ...preset.options } : {};
  }

  #write(presets: readonly Preset[]): void {
    this.list.value = presets;
    lastingItems()?.setItem(STORAGE_KEY, JSON.stringify(presets));
  }
}

function read(): readonly Preset[] {
  try {
    return v.parse(presetsSchema, JSON.parse(lastingItems()?.getItem(STORAGE_KEY) ?? '[]'));
  } catch {
    return [];
  }
}
