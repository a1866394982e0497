import { describe, expect, it } from 'vitest';
import { chatBytesLeft, decodeChat, encodeChat, MAX_CHAT_BYTES } from '../src/logic/chat.js';
import { deviceChoices, nextDevice } from '../src/logic/devices.js';
import { formatBitrate, formatDuration, initials, nameHue } from '../src/logic/format.js';
import { networkBars, worseQuality } from '../src/logic/network.js';
import { qrPicture } from '../src/logic/qr.js';
import { createSerial } from '../src/logic/serial.js';
import { shortcutFor, SHORTCUTS } from '../src/logic/shortcuts.js';

describe('format', () => {
  it.each([
    [0, '0:00'], [999, '0:00'], [7_000, '0:07'], [59_999, '0:59'], [60_000, '1:00'], [750_000, '12:30'],
    [3_599_999, '59:59'], [3_600_000, '1:00:00'], [3_723_000, '1:02:03'], [-5, '0:00'], [Number.NaN, '0:00'],
  ])('duration %d', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
  it.each([[0, '0 kbit/s'], [640.4, '640 kbit/s'], [999, '999 kbit/s'], [1250, '1.25 Mbit/s'], [-1, '–'], [Number.NaN, '–']])('bitrate %d', (kbps, text) => {
    expect(formatBitrate(kbps)).toBe(text);
  });
  it.each([['Bob', 'B'], ['ada lovelace', 'AL'], ['guest_7.x', 'G7'], ['小明', '小'], ['😀 cat', '😀C'], ['', '?'], [' - ', '?']])('initials of %j', (name, text) => {
    expect(initials(name)).toBe(text);
  });
  it('gives a name always the same hue', () => {
    expect(nameHue('alice')).toBe(nameHue('alice'));
    expect(nameHue('alice')).not.toBe(nameHue('bob'));
    for (const name of ['', 'x', '很长的名字'.repeat(20)]) {
      expect(nameHue(name)).toBeGreaterThanOrEqual(0);
      expect(nameHue(name)).toBeLessThan(360);
    }
  });
});

describe('network', () => {
  it.each([
    [0, 0, 'unknown'], [1, 4, 'good'], [2, 3, 'good'], [3, 2, 'fair'], [4, 1, 'poor'], [5, 1, 'poor'], [6, 0, 'down'],
  ] as const)('quality %d is %d bars', (quality, bars, tone) => {
    expect(networkBars(quality)).toEqual({ bars, tone });
  });
  it('shows a number of a later server as unknown', () => {
    expect(networkBars(9 as 6).tone).toBe('unknown');
  });
  it.each([[1, 3, 3], [5, 2, 5], [0, 2, 2], [0, 0, 0], [6, 1, 6]] as const)('worse of %d and %d', (up, down, worse) => {
    expect(worseQuality(up, down)).toBe(worse);
  });
});

describe('shortcuts', () => {
  const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...more });
  it.each(SHORTCUTS.filter(({ key }) => key.length === 1))('$key is $action', ({ key, action }) => {
    expect(shortcutFor(press(key), false)).toBe(action);
    expect(shortcutFor(press(key.toLowerCase()), false)).toBe(action);
    expect(shortcutFor(press(key), true)).toBeNull();
  });
  it('closes by Escape, also from a field', () => {
    expect(shortcutFor(press('Escape'), true)).toBe('close');
  });
  it.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { repeat: true }])('leaves %j to the browser', (more) => {
    expect(shortcutFor(press('m', more), false)).toBeNull();
  });
  it('uses each key once', () => {
    expect(new Set(SHORTCUTS.map(({ key }) => key)).size).toBe(SHORTCUTS.length);
    expect(shortcutFor(press('q'), false)).toBeNull();
  });
});

describe('chat', () => {
  it.each(['hello', '你好 👋', ''])('round trip of %j', (text) => {
    expect(decodeChat(encodeChat(text))).toBe(text);
  });
  it('takes bytes that are no text for nothing', () => {
    expect(decodeChat(new Uint8Array([0xff, 0xfe, 0x00]).buffer)).toBe('');
  });
  it.each([
    ['', MAX_CHAT_BYTES], ['x'.repeat(1024), 0], ['x'.repeat(1025), -1], ['字'.repeat(341), 1], ['字'.repeat(342), -2],
    [`  ${'x'.repeat(1024)}  `, 0],
  ])('bytes left', (text, left) => {
    expect(chatBytesLeft(text)).toBe(left);
  });
});

describe('devices', () => {
  const device = (deviceId: string, label = ''): MediaDeviceInfo => ({ deviceId, label }) as MediaDeviceInfo;
  it('numbers the nameless', () => {
    expect(deviceChoices([device('a'), device('b', 'Desk')], 'Camera').map(({ label }) => label)).toEqual(['Camera 1', 'Desk']);
    expect(deviceChoices([device('a')], 'Camera').map(({ label }) => label)).toEqual(['Camera']);
  });
  it.each([['a', 'b'], ['b', 'c'], ['c', 'a'], ['gone', 'b']])('after %s comes %s', (current, next) => {
    expect(nextDevice(deviceChoices([device('a'), device('b'), device('c')], ''), current)?.deviceId).toBe(next);
  });
  it('has nothing to change to', () => {
    expect(nextDevice([], '')).toBeNull();
    expect(nextDevice(deviceChoices([device('a')], ''), 'a')).toBeNull();
  });
});

describe('serial', () => {
  it('keeps the order and survives failures', async () => {
    const serial = createSerial();
    const done: string[] = [];
    let finish = (): void => {};
    const slow = serial(() => new Promise<void>((resolve) => { finish = resolve; }).then(() => { done.push('slow'); }));
    const bad = serial(async () => { done.push('bad'); throw new Error('no'); });
    const last = serial(async () => { done.push('last'); return 7; });
    await Promise.resolve();
    expect(done).toEqual([]);
    finish();
    await slow;
    await expect(bad).rejects.toThrow('no');
    expect(await last).toBe(7);
    expect(done).toEqual(['slow', 'bad', 'last']);
  });
});

describe('qrPicture', () => {
  it('draws a code with a quiet border', () => {
    const { side, path } = qrPicture('https://192.168.1.5:8443/?roomID=1234');
    expect((side - 8 - 17) % 4).toBe(0); // sides of QR codes are 17 + 4 * version
    const modules = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(modules.length).toBeGreaterThan(200);
    for (const at of modules.flat()) {
      expect(at).toBeGreaterThanOrEqual(4);
      expect(at).toBeLessThan(side - 4);
    }
    expect(path.startsWith('M4 4h1v1h-1zM5 4')).toBe(true); // the finder pattern's corner
  });
});
