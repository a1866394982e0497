import { computed, readonly, ref, watchEffect } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { pickLanguage, translate } from '../i18n/language.js';
import type { Language, Values } from '../i18n/language.js';
import type { MessageKey } from '../i18n/en.js';
import type { Words } from '../logic/errors.js';
import { storeSetting, storedSetting } from './useSettings.js';

const language = ref<Language>('en');

/** Once, before the first screen. `wish` comes from the address and wins over what was chosen earlier. */
export function setUpLanguage(wish: string): void {
  language.value = pickLanguage([wish, storedSetting('language'), ...navigator.languages]);
  watchEffect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  });
}

export interface I18n {
  language: Readonly<Ref<Language>>;
  t(key: MessageKey, values?: Values): string;
  /** The sentence for something that went wrong. */
  say(words: Words): string;
  other: ComputedRef<Language>;
  change(to: Language): void;
}

/** The page's one language; every sentence made with `t` follows it at once. */
export function useI18n(): I18n {
  return {
    language: readonly(language),
    t: (key, values) => translate(language.value, key, values),
    say: (words) => translate(language.value, words.key, words.values),
    other: computed(() => (language.value === 'en' ? 'zh' : 'en')),
    change(to) {
      language.value = to;
      storeSetting('language', to);
    },
  };
}
