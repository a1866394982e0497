import { describe, expect, it } from 'vitest';
import { parsePlayerUrl, parsePusherUrl, playerUrl, RoomUrlError } from '../src/core/room-url.js';

const BASE = 'room://cloud.tencent.com/rtc?sdkappid=1400000001&userid=alice&usersig=eJw-_*A&appscene=videocall';

function refusal(url: string): number {
  try {
    parsePusherUrl(url);
  } catch (error) {
    return (error as RoomUrlError).code;
  }
  throw new Error('it was accepted');
}

describe("a pusher's address", () => {
  it('is read in full', () => {
    expect(parsePusherUrl(`${BASE}&roomid=1234&cloudenv=PRO&encsmall=0&recvmode=2&template=1v1&privatemapkey=k&pureaudiomode=1&server=https%3A%2F%2Fh%3A8443`)).toEqual({
      sdkAppID: 1400000001, userID: 'alice', userSig: 'eJw-_*A', roomID: 1234, scene: 'rtc', role: 'anchor', template: '1v1',
      cloudenv: 'PRO', server: 'https://h:8443', privateMapKey: 'k', pureAudioMode: true,
    });
  });

  it.each(['undefined', 'null', 'NaN', ''])('takes a pasted %j for nothing', (missing) => {
    const url = parsePusherUrl(`${BASE}&roomid=${missing}&strroomid=lobby&privatemapkey=${missing}&cloudenv=${missing}`);
    expect(url).toMatchObject({ roomID: 'lobby', privateMapKey: undefined, cloudenv: undefined });
  });

  it.each([
    ['1', 1], ['4294967295', 4294967295],
  ])('room %s is a number', (text, room) => {
    expect(parsePusherUrl(`${BASE}&roomid=${text}`).roomID).toBe(room);
  });

  it.each(['0', '4294967296', '-1', '1.0', '1e3', '12a', '99999999999'])('room %s is refused', (text) => {
    expect(refusal(`${BASE}&roomid=${text}`)).toBe(-3318);
  });

  it('names of rooms are decoded, and up to 64 bytes long', () => {
    expect(parsePusherUrl(`${BASE}&strroomid=${encodeURIComponent('会议 & co')}`).roomID).toBe('会议 & co');
    expect(parsePusherUrl(`${BASE}&strroomid=100%`).roomID).toBe('100%');
    expect(parsePusherUrl(`${BASE}&strroomid=${'x'.repeat(64)}`).roomID).toHaveLength(64);
    expect(refusal(`${BASE}&strroomid=${'会'.repeat(22)}`)).toBe(-3318);
  });

  it.each([
    ['rtmp://host/live/1', -3301],
    ['room://cloud.tencent.com/rtc?roomid=1&userid=a&usersig=s', -100015],
    ['room://cloud.tencent.com/rtc?roomid=1&sdkappid=1&usersig=s', -3319],
    ['room://cloud.tencent.com/rtc?roomid=1&sdkappid=1&userid=a', -100018],
    [BASE, -3318],
  ])('%s is refused with %i', (url, code) => {
    expect(refusal(url)).toBe(code);
  });
});

describe("a player's address", () => {
  it.each(['main', 'small', 'aux'] as const)('survives the round trip (%s)', (streamType) => {
    for (const userID of ['bob', 'a&b=c', '李 雷']) {
      expect(parsePlayerUrl(playerUrl({ userID, streamType }))).toEqual({ userID, streamType });
    }
  });

  it('is main unless it says otherwise', () => {
    expect(parsePlayerUrl('room://rtc.tencent.com?userid=bob')).toEqual({ userID: 'bob', streamType: 'main' });
    expect(parsePlayerUrl('room://rtc.tencent.com?userid=bob&streamtype=huge')).toEqual({ userID: 'bob', streamType: 'main' });
  });

  it.each(['', 'https://host/live.flv', 'room://rtc.tencent.com', 'room://rtc.tencent.com?userid=undefined'])('%j names no stream', (src) => {
    expect(parsePlayerUrl(src)).toBeNull();
  });
});
