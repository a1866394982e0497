import { describe, expect, it } from 'vitest';
import {
  guestName, isValidUserId, parsePageParams, parseRoom, randomRoom, shareBases, shareLink,
} from '../src/logic/params.js';

describe('parsePageParams', () => {
  it('has defaults', () => {
    expect(parsePageParams('')).toEqual({
      roomId: '', userId: '', userSig: '', sdkAppId: null, privateMapKey: '', template: '1v1',
      debugMode: false, cloudenv: '', language: '',
    });
  });

  const full = 'roomID=1234&userID=alice&template=grid&userSig=eJw*-_&sdkAppID=1400000001&debugMode=true&cloudenv=PRO';
  it.each([
    ['a query', `?${full}`, ''],
    ['a hash', '', `#${full}`],
    ['a hash with a question mark', '', `#?${full}`],
    ['a hash with a path', '', `#/pages/room?${full}`],
    ['names in another case', `?${full.replace('roomID', 'roomId').replace('userSig', 'USERSIG')}`, ''],
  ])('reads %s', (_, search, hash) => {
    expect(parsePageParams(search, hash)).toMatchObject({
      roomId: '1234', userId: 'alice', template: 'grid', userSig: 'eJw*-_', sdkAppId: 1400000001,
      debugMode: true, cloudenv: 'PRO',
    });
  });

  it('prefers the query to the hash', () => {
    expect(parsePageParams('?roomID=1', '#roomID=2&userID=bob')).toMatchObject({ roomId: '1', userId: 'bob' });
  });

  it.each([
    ['template=nonsense', { template: '1v1' }],
    ['template=custom', { template: 'custom' }],
    ['debugMode=1', { debugMode: true }],
    ['debugMode=false', { debugMode: false }],
    ['sdkAppID=abc', { sdkAppId: null }],
    ['sdkAppID=0', { sdkAppId: null }],
    ['sdkAppID=4294967295', { sdkAppId: 4294967295 }],
    ['sdkAppID=4294967296', { sdkAppId: null }],
    ['userID=%E5%B0%8F%E6%98%8E', { userId: '小明' }],
  ])('reads %s', (search, expected) => {
    expect(parsePageParams(search)).toMatchObject(expected);
  });
});

describe('parseRoom', () => {
  it.each([
    ['1', { roomId: 1 }],
    [' 42 ', { roomId: 42 }],
    ['007', { roomId: 7 }],
    ['4294967295', { roomId: 4294967295 }],
    ['4294967296', null],
    ['0', null],
    ['', null],
    ['   ', null],
    ['-1', { strRoomId: '-1' }],
    ['team-42', { strRoomId: 'team-42' }],
    ['x'.repeat(64), { strRoomId: 'x'.repeat(64) }],
    ['x'.repeat(65), null],
    ['房'.repeat(21), { strRoomId: '房'.repeat(21) }],
    ['房'.repeat(22), null], // 66 bytes
  ])('%j', (text, room) => {
    expect(parseRoom(text)).toEqual(room);
  });
});

describe('isValidUserId', () => {
  it.each([
    ['a', true], ['', false], ['  ', false], ['x'.repeat(128), true], ['x'.repeat(129), false],
    ['名'.repeat(42), true], ['名'.repeat(43), false],
  ])('%j', (text, valid) => {
    expect(isValidUserId(text)).toBe(valid);
  });
});

describe('what the page proposes', () => {
  it.each([[0, '100000'], [0.5, '550000'], [0.999999999, '999999']])('room for %d', (random, room) => {
    expect(randomRoom(random)).toBe(room);
  });
  it('is a name that may be used', () => {
    expect(guestName('Guest', 0)).toBe('Guest 1000');
    expect(isValidUserId(guestName('访客', 0.99))).toBe(true);
  });
});

describe('shareLink', () => {
  it('carries the room and nothing that belongs to one person', () => {
    const params = parsePageParams('?roomID=9&userID=alice&userSig=secret&debugMode=true&privateMapKey=key');
    const link = shareLink('https://host:8443/?userSig=secret#x', ' 1234 ', params);
    expect(link).toBe('https://host:8443/?roomID=1234');
  });
  it('carries what is needed to find the room', () => {
    const params = parsePageParams('?template=grid&cloudenv=DEV&sdkAppID=1400000002');
    expect(shareLink('https://host/', '会议 1', params))
      .toBe('https://host/?roomID=%E4%BC%9A%E8%AE%AE+1&template=grid&cloudenv=DEV&sdkAppID=1400000002');
  });
});

describe('shareBases', () => {
  const lan = ['https://192.168.1.5:8443/', 'https://10.0.0.7:8443/'];
  it.each(['http://localhost:8080/?a=1', 'http://127.0.0.1:8080/', 'http://[::1]:8080/'])('%s is shared by its LAN addresses', (page) => {
    expect(shareBases(page, lan)).toEqual(lan);
  });
  it('keeps an address that others can reach', () => {
    expect(shareBases('https://call.example.org/x/?roomID=1#y', lan)).toEqual(['https://call.example.org/x/']);
  });
  it('has nothing better when the server knows no address', () => {
    expect(shareBases('http://localhost:8080/', [])).toEqual(['http://localhost:8080/']);
  });
});
