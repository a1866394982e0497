import { en } from './en.js';
import type { Dictionary, MessageKey } from './en.js';
import { zh } from './zh.js';

export type Language = 'en' | 'zh';
export type Values = Readonly<Record<string, string | number>>;

export const DICTIONARIES: Readonly<Record<Language, Dictionary>> = { en, zh };

/** The first wish that is spoken here; English otherwise. Wishes are tags such as zh-CN, '' = no wish. */
export function pickLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const primary = wish.toLowerCase().split(/[-_]/)[0];
    if (primary === 'en' || primary === 'zh') return primary;
  }
  return 'en';
}

/** `{name}` in the words is replaced by the value of that name. */
export function translate(language: Language, key: MessageKey, values: Values = {}): string {
  return DICTIONARIES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole));
}
