import { DEVICE_EXTRA_CODE, ERROR_CODE, OPERATION_EXTRA_CODE } from '@duet/sdk';
import { describe, expect, it } from 'vitest';
import protocol from '../../../docs/protocol.md?raw';
import { en } from '../src/i18n/en.js';
import { translate } from '../src/i18n/language.js';
import { zh } from '../src/i18n/zh.js';
import {
  connectionLostWords, deviceWords, errorWords, isAbort, isDeviceError, kickedWords, PageError, reconnectKey,
} from '../src/logic/errors.js';
import { rtcError, serverError } from './fake_duet.js';

/** Every name in the table of section "Errors": the backticked words of its second column. */
function documentedNames(): string[] {
  const table = protocol.slice(protocol.indexOf('### Errors'), protocol.indexOf('## 3. HTTP'));
  return table.split('\n')
    .filter((line) => /^\| -\d/.test(line))
    .flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([a-z_]+)`/g)].map((match) => match[1] as string));
}

describe('errorWords', () => {
  it('finds the table of the protocol', () => {
    expect(documentedNames().length).toBeGreaterThanOrEqual(35);
    expect(documentedNames()).toEqual(expect.arrayContaining(['parse_error', 'sig_expired', 'map_key_required', 'not_allowed']));
  });

  it.each(documentedNames())('has words of its own for %s in every language', (name) => {
    const words = errorWords(serverError(name));
    expect(words).toEqual({ key: `error.${name}`, cause: name, detail: 'said so' });
    for (const language of ['en', 'zh'] as const) {
      expect(translate(language, words.key)).not.toMatch(/^error\.|\{/);
    }
  });

  it('tells the causes of a bad signature apart', () => {
    const names = documentedNames().filter((name) => /^(sig|map_key)_/.test(name));
    expect(new Set(names.map((name) => en[errorWords(serverError(name)).key])).size).toBe(names.length);
    expect(new Set(names.map((name) => zh[errorWords(serverError(name)).key])).size).toBe(names.length);
  });

  it.each([
    [OPERATION_EXTRA_CODE.SERVER_UNREACHABLE, 'server_unreachable'],
    [OPERATION_EXTRA_CODE.MEDIA_UNREACHABLE, 'media_unreachable'],
    [OPERATION_EXTRA_CODE.REQUEST_TIMEOUT, 'request_timeout'],
  ])('knows operation %d', (extraCode, cause) => {
    expect(errorWords(rtcError(ERROR_CODE.OPERATION_FAILED, extraCode)).cause).toBe(cause);
  });

  it('knows a browser that cannot', () => {
    expect(errorWords(rtcError(ERROR_CODE.ENV_NOT_SUPPORTED)).key).toBe('error.not_supported');
  });

  it.each(['config_unreachable', 'sign_failed', 'signature_missing', 'app_id_missing'] as const)('knows its own %s', (name) => {
    const words = errorWords(new PageError(name));
    expect(words.key).toBe(`error.${name}`);
    expect(Object.keys(en)).toContain(words.key);
  });

  it.each([
    ['a name from a later server', serverError('sig_from_mars'), 'sig_from_mars'],
    ['an inherited member', serverError('toString'), 'toString'],
    ['any error', new Error('said so'), 'unknown'],
  ])('repeats the sentence of %s', (_, error, cause) => {
    expect(errorWords(error)).toEqual({ key: 'error.unknown', values: { text: 'said so' }, cause, detail: '' });
  });

  it.each([null, undefined, 'text', 7])('survives %j', (thrown) => {
    expect(errorWords(thrown)).toMatchObject({ key: 'error.unknown', values: { text: String(thrown) } });
  });
});

describe('deviceWords', () => {
  it.each([
    [DEVICE_EXTRA_CODE.NOT_FOUND, 'missing'],
    [DEVICE_EXTRA_CODE.NOT_ALLOWED, 'denied'],
    [DEVICE_EXTRA_CODE.NOT_READABLE, 'busy'],
    [DEVICE_EXTRA_CODE.OVERCONSTRAINED, 'missing'],
    [DEVICE_EXTRA_CODE.LOST, 'lost'],
    [DEVICE_EXTRA_CODE.OTHER, 'failed'],
  ])('device error %d', (extraCode, cause) => {
    for (const kind of ['camera', 'microphone'] as const) {
      const words = deviceWords(kind, rtcError(ERROR_CODE.DEVICE_ERROR, extraCode));
      expect(words.cause).toBe(`${kind}_${cause}`);
      expect(Object.keys(en)).toContain(words.key);
    }
  });
  it('does not mistake the numbers of other errors', () => {
    expect(deviceWords('camera', rtcError(ERROR_CODE.SERVER_ERROR, DEVICE_EXTRA_CODE.NOT_ALLOWED)).cause).toBe('camera_failed');
  });
  it('knows a page without https', () => {
    expect(deviceWords('camera', rtcError(ERROR_CODE.ENV_NOT_SUPPORTED)).key).toBe('media.insecure');
  });
});

describe('the rest', () => {
  it.each([
    ['replaced', 'kicked_replaced'], ['kick', 'kicked_kick'], ['banned', 'kicked_banned'],
    ['room_disband', 'kicked_room_disband'], ['of a later server' as 'kick', 'kicked_kick'],
  ] as const)('kicked: %s', (reason, cause) => {
    expect(kickedWords(reason).cause).toBe(cause);
    expect(Object.keys(en)).toContain(kickedWords(reason).key);
  });
  it.each([
    [false, false, 'banner.offline'], [false, true, 'banner.offline'],
    [true, false, 'banner.stopped'], [true, true, 'banner.reconnecting'],
  ] as const)('connection lost: online %s, server answers %s', (online, answers, key) => {
    expect(reconnectKey(online, answers)).toBe(key);
  });
  it('sorts errors', () => {
    expect(isAbort(rtcError(ERROR_CODE.OPERATION_ABORT))).toBe(true);
    expect(isAbort(serverError('room_full'))).toBe(false);
    expect(isAbort(null)).toBe(false);
    expect(isDeviceError(rtcError(ERROR_CODE.DEVICE_ERROR))).toBe(true);
    expect(isDeviceError(undefined)).toBe(false);
    expect(Object.keys(en)).toContain(connectionLostWords().key);
  });
});
