import { describe, expect, it } from 'vitest';
import { DICTIONARIES, pickLanguage, translate } from '../src/i18n/language.js';

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe('dictionaries', () => {
  const { en, zh } = DICTIONARIES;
  it.each(Object.keys(en) as Array<keyof typeof en>)('%s is said with the same values in both languages', (key) => {
    expect(en[key]).not.toBe('');
    expect(zh[key]).not.toBe('');
    expect(placeholders(zh[key])).toEqual(placeholders(en[key]));
  });
  it('have the same keys', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });
});

describe('pickLanguage', () => {
  it.each([
    [['', '', 'zh-CN', 'en'], 'zh'], [['', 'en', 'zh-CN'], 'en'], [['zh', 'en'], 'zh'],
    [['de-DE', 'fr', 'zh-Hant-TW'], 'zh'], [['de'], 'en'], [[], 'en'], [['ZH_cn'], 'zh'], [['zhx'], 'en'],
  ] as const)('%j', (wishes, language) => {
    expect(pickLanguage(wishes)).toBe(language);
  });
});

describe('translate', () => {
  it('fills in values and leaves the unknown visible', () => {
    expect(translate('en', 'notice.message', { name: 'Bob', text: '{name}' })).toBe('Bob: {name}');
    expect(translate('en', 'call.room')).toBe('Room {room}');
    expect(translate('zh', 'call.room', { room: 0 })).toBe('房间 0');
  });
});
