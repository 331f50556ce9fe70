import { signal } from '@preact/signals';
import type { ErrorCode } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { english, type Words } from './en/first.ts';
import type { LaterWords } from './en/later.ts';

/** All words of a language. */
export interface Language {
  readonly first: Words;
  /** Undefined where they come with the code that says them. */
  readonly later: LaterWords | undefined;
  /** Says a text of the log, such as an error's; undefined where only English has it. */
  readonly detail: (text: string) => string | undefined;
}

/** Languages of the page, as the settings name them. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;

export type LanguageCode = keyof typeof LANGUAGES;
/** `auto`: the first of the browser's languages that the page has. */
export type LanguageSetting = LanguageCode | 'auto';
export const LANGUAGE_SETTINGS: readonly LanguageSetting[] = ['auto', ...(Object.keys(LANGUAGES) as LanguageCode[])];

const ENGLISH: Language = { first: english, later: undefined, detail: () => undefined };

/** English is in the page's code; each other language is a file of its own. */
const LOADERS: Readonly<Record<LanguageCode, () => Promise<Language>>> = {
  en: async () => ENGLISH,
  de: async () => (await import('./de/german.ts')).german,
};

/** The language that the page speaks. */
export const spoken = signal<Language>(ENGLISH);
/** What was asked for last: words that come later than others stay unsaid. */
let wanted: LanguageCode = 'en';

/** Words of the language that the page speaks: what draws or computes with them does so again in another. */
export function words(): Words {
  return spoken.value.first;
}

/** What a person can do about an error; empty for a code that no table knows, e.g. of a stored conversation. */
export function errorWords(code: string | undefined): string {
  const { errors } = words();
  return code !== undefined && Object.hasOwn(errors, code) ? errors[code as ErrorCode] : '';
}

/** A text of the log in the language that the page speaks; undefined where it is to stay as it is. */
export function detailWords(text: string): string | undefined {
  return spoken.value.detail(text);
}

/** Has the page speak a language. Where its words cannot be had, it goes on in the one that it speaks. */
export async function speak(setting: LanguageSetting): Promise<void> {
  const code = setting === 'auto' ? browserLanguage(navigator.languages) : setting;
  wanted = code;
  try {
    const language = await LOADERS[code]();
    if (wanted !== code) return;
    spoken.value = language;
  } catch (error) {
    log.warn('UI', `The words of another language could not be fetched: ${String(error)}`);
  }
  const { locale, direction } = words();
  document.documentElement.lang = locale;
  document.documentElement.dir = direction;
}

/** The first language that the page has; English where it has none. @param tags - as `navigator.languages` */
export function browserLanguage(tags: readonly string[]): LanguageCode {
  const known = tags
    .map((tag) => tag.split('-')[0])
    .find((code) => code !== undefined && Object.hasOwn(LANGUAGES, code));
  return (known as LanguageCode | undefined) ?? 'en';
}
