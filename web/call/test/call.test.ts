import { ERROR_CODE, OPERATION_EXTRA_CODE } from '@duet/sdk';
import { ref } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useCall } from '../src/composables/useCall.js';
import type { Devices } from '../src/composables/useDevices.js';
import { useLocalMedia } from '../src/composables/useLocalMedia.js';
import { installHooks } from '../src/hooks.js';
import { encodeChat } from '../src/logic/chat.js';
import { parsePageParams } from '../src/logic/params.js';
import { FakeDuet, rtcError, serverError, settle } from './fake_duet.js';

const CONFIG = { dev: true, sdkAppId: 1400000001, environments: [], lanUrls: [] };

function setUp(search = '') {
  const duet = new FakeDuet();
  const devices: Devices = { cameras: ref([]), microphones: ref([]), speakers: ref([]), refresh: async () => {} };
  const media = useLocalMedia(duet.client, devices);
  const fetch = vi.fn(async (url: string) =>
    Response.json(url === '/v1/config' ? CONFIG : { sdkAppId: 1400000001, userSig: 'made' }));
  const call = useCall({ duet: duet.client, media, params: parsePageParams(search), fetch });
  return { duet, media, call, fetch };
}

async function inCall(search = '') {
  const page = setUp(search);
  await page.call.enter('alice', '1234');
  expect(page.call.state.value).toBe('in-call');
  return page;
}

function connection(duet: FakeDuet, state: 'CONNECTED' | 'RECONNECTING' | 'DISCONNECTED'): void {
  duet.emit('connection-state-changed', { prevState: 'CONNECTED', state, isReconnecting: state === 'RECONNECTING' });
}

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('entering', () => {
  it('signs by the development server and enters', async () => {
    const { duet, call, media } = await inCall();
    expect(duet.named('enterRoom')).toEqual([[{
      sdkAppId: 1400000001, userSig: 'made', roomId: 1234, userId: 'alice', template: '1v1',
      autoReceiveAudio: true, autoReceiveVideo: true,
    }]]);
    expect(call.marks.entered).toBeGreaterThanOrEqual(call.marks.joinClicked as number);
    expect(call.marks.firstRemoteFrame).toBeNull();
    expect(media.camera.status).toBe('on');
  });

  it('takes everything from the address', async () => {
    const { duet, fetch } = await inCall('?userSig=given&sdkAppID=7&template=grid&cloudenv=PRO&privateMapKey=key');
    expect(duet.named('enterRoom')).toMatchObject([[{
      sdkAppId: 7, userSig: 'given', template: 'grid', cloudenv: 'PRO', privateMapKey: 'key',
    }]]);
    expect(fetch.mock.calls.map(([url]) => url)).toEqual(['/v1/config']);
  });

  it('does not wait for the question about the camera', async () => {
    const page = setUp();
    page.duet.behaviour.set('startLocalVideo', new Promise(() => {}));
    await page.call.enter('alice', 'team');
    expect(page.call.state.value).toBe('in-call');
    expect(page.media.camera.status).toBe('starting');
    expect(page.duet.named('enterRoom')).toMatchObject([[{ strRoomId: 'team' }]]);
  });

  it.each([
    ['room_full', serverError('room_full'), 'room_full'],
    ['sig_expired', serverError('sig_expired'), 'sig_expired'],
    ['no server', rtcError(ERROR_CODE.OPERATION_FAILED, OPERATION_EXTRA_CODE.SERVER_UNREACHABLE), 'server_unreachable'],
  ])('says why not: %s', async (_, failure, cause) => {
    const { duet, call } = setUp();
    duet.behaviour.set('enterRoom', failure);
    await call.enter('alice', '1234');
    expect(call.state.value).toBe('idle');
    expect(call.error.value?.cause).toBe(cause);
    duet.behaviour.delete('enterRoom');
    await call.enter('alice', '1234');
    expect(call.state.value).toBe('in-call');
    expect(call.error.value).toBeNull();
  });

  it('asks for the configuration again after a failure', async () => {
    const { call, fetch } = setUp();
    fetch.mockRejectedValueOnce(new TypeError('failed to fetch'));
    await call.enter('alice', '1234');
    expect(call.error.value?.cause).toBe('config_unreachable');
    await call.enter('alice', '1234');
    expect(call.state.value).toBe('in-call');
  });

  it('can be cancelled, and a late answer of the cancelled attempt changes nothing', async () => {
    const { duet, call } = setUp();
    let answer = (): void => {};
    duet.behaviour.set('enterRoom', new Promise<void>((resolve) => { answer = resolve; }));
    const first = call.enter('alice', '1');
    await settle();
    await call.cancel();
    expect(call.state.value).toBe('idle');
    expect(duet.named('exitRoom')).toHaveLength(1);
    duet.behaviour.set('enterRoom', new Promise(() => {}));
    void call.enter('alice', '2');
    await settle();
    answer();
    await first;
    expect(call.state.value).toBe('entering');
    expect(call.marks.entered).toBeNull();
  });

  it('is one at a time', async () => {
    const { duet, call } = setUp();
    await Promise.all([call.enter('alice', '1'), call.enter('alice', '1')]);
    await call.enter('alice', '1');
    expect(duet.named('enterRoom')).toHaveLength(1);
  });
});

describe('the end', () => {
  it('comes by hanging up, and entering again starts afresh', async () => {
    const { duet, call, media } = await inCall();
    duet.emit('remote-user-enter', { userId: 'bob' });
    vi.advanceTimersByTime(65_000);
    call.hangUp();
    await settle();
    expect(call.state.value).toBe('ended');
    expect(call.error.value).toBeNull();
    expect(call.durationMs.value).toBe(65_000);
    expect(media.camera.status).toBe('off');
    expect(duet.named('exitRoom')).toHaveLength(1);
    await call.enter('alice', '1234');
    expect(call.state.value).toBe('in-call');
    expect(call.members.list.value).toEqual([]);
    expect(media.camera.status).toBe('on');
  });

  it('is explained when one was thrown out: the SDK first says disconnected', async () => {
    const { duet, call } = await inCall();
    connection(duet, 'DISCONNECTED');
    expect(call.error.value?.cause).toBe('connection_lost');
    duet.emit('kicked-out', { reason: 'replaced' });
    expect(call.state.value).toBe('ended');
    expect(call.error.value?.cause).toBe('kicked_replaced');
  });

  it('is explained when the server refuses to take one back', async () => {
    const { duet, call } = await inCall();
    connection(duet, 'RECONNECTING');
    connection(duet, 'DISCONNECTED');
    duet.emit('error', serverError('room_full'));
    expect(call.error.value?.cause).toBe('room_full');
  });

  it('is not explained by what comes after hanging up', async () => {
    const { duet, call } = await inCall();
    call.hangUp();
    connection(duet, 'DISCONNECTED');
    duet.emit('error', serverError('internal_error'));
    expect(call.error.value).toBeNull();
    call.reset();
    expect(call.state.value).toBe('idle');
  });
});

describe('during the call', () => {
  it('a lost connection is found again', async () => {
    const { duet, call } = await inCall();
    connection(duet, 'RECONNECTING');
    expect(call.state.value).toBe('reconnecting');
    connection(duet, 'CONNECTED');
    expect(call.state.value).toBe('in-call');
    expect(call.notices.list.value.map(({ words }) => words.key)).toEqual(['notice.back']);
  });

  it('marks the first picture of somebody else, once', async () => {
    const { duet, call } = await inCall();
    const frame = { streamType: 'main' as const, width: 640, height: 480 };
    duet.emit('first-video-frame', { userId: '', ...frame });
    expect(call.marks.firstRemoteFrame).toBeNull();
    duet.emit('first-video-frame', { userId: 'bob', ...frame });
    const first = call.marks.firstRemoteFrame;
    expect(first).toBeGreaterThanOrEqual(call.marks.entered as number);
    vi.advanceTimersByTime(50);
    duet.emit('first-video-frame', { userId: 'bob', ...frame });
    expect(call.marks.firstRemoteFrame).toBe(first);
  });

  it('tells errors that do not end it, but not those of devices', async () => {
    const { duet, call } = await inCall();
    duet.emit('error', rtcError(ERROR_CODE.DEVICE_ERROR));
    expect(call.notices.list.value).toEqual([]);
    duet.emit('error', rtcError(ERROR_CODE.OPERATION_FAILED, OPERATION_EXTRA_CODE.MEDIA_UNREACHABLE));
    expect(call.notices.list.value.map(({ words }) => words.cause)).toEqual(['media_unreachable']);
    vi.advanceTimersByTime(9_000);
    expect(call.notices.list.value).toEqual([]);
  });

  it('sound that the browser blocks plays after a tap', async () => {
    const { duet, call } = await inCall();
    const resume = vi.fn().mockRejectedValueOnce(new Error('no gesture')).mockResolvedValue(undefined);
    duet.emit('autoplay-failed', { userId: 'bob', mediaType: 'audio', resume });
    await call.resumeSound();
    expect(call.blockedSound.value).not.toBeNull();
    await call.resumeSound();
    expect(call.blockedSound.value).toBeNull();
    expect(resume).toHaveBeenCalledTimes(2);
  });

  it('goes round the fill modes', async () => {
    const { call } = await inCall();
    const modes = [0, 1, 2, 3].map(() => { call.cycleFillMode(); return call.fillMode.value; });
    expect(modes).toEqual(['contain', 'cover', 'auto', 'contain']);
  });
});

describe('the others', () => {
  it('come, change and go', async () => {
    const { duet, call } = await inCall();
    const bob = () => call.members.list.value.find(({ userId }) => userId === 'bob');
    duet.emit('remote-user-enter', { userId: 'bob' });
    duet.emit('remote-audio-available', { userId: 'bob' });
    duet.emit('remote-video-available', { userId: 'bob', streamType: 'main' });
    duet.emit('remote-video-available', { userId: 'bob', streamType: 'sub' });
    expect(bob()).toMatchObject({ audio: true, video: true, screen: true, paused: false });
    duet.emit('remote-user-paused', { userId: 'bob' });
    expect(bob()?.paused).toBe(true);
    duet.emit('remote-user-resumed', { userId: 'bob' });
    duet.emit('remote-audio-unavailable', { userId: 'bob' });
    duet.emit('remote-video-unavailable', { userId: 'bob', streamType: 'sub' });
    expect(bob()).toMatchObject({ audio: false, video: true, screen: false, paused: false });
    duet.emit('network-quality', {
      uplinkNetworkQuality: 1, downlinkNetworkQuality: 3, uplinkRTT: 0, downlinkRTT: 0, uplinkLoss: 0, downlinkLoss: 0,
      members: [{ userId: 'bob', uplink: 4, downlink: 2 }, { userId: 'nobody', uplink: 1, downlink: 1 }],
    });
    expect(bob()?.quality).toBe(4);
    expect(call.members.ownQuality.value).toBe(3);
    duet.emit('remote-user-exit', { userId: 'bob', reason: 1 });
    duet.emit('remote-video-unavailable', { userId: 'bob', streamType: 'main' });
    expect(call.members.list.value).toEqual([]);
    expect(call.notices.list.value.map(({ words }) => words.key)).toEqual(['notice.entered', 'notice.timeout']);
  });

  it('who were there before are no news', async () => {
    const { duet, call } = setUp();
    const entering = call.enter('alice', '1');
    duet.emit('remote-user-enter', { userId: 'bob' });
    await entering;
    expect(call.members.list.value).toHaveLength(1);
    expect(call.notices.list.value).toEqual([]);
  });
});

describe('chat', () => {
  it('sends and receives plain text as message 1', async () => {
    const { duet, call } = await inCall();
    expect(call.chat.send('  hello ')).toBe(true);
    const [message] = duet.named('sendCustomMessage')[0] as [{ cmdId: number; data: ArrayBuffer }];
    expect(message.cmdId).toBe(1);
    expect(new TextDecoder().decode(message.data)).toBe('hello');
    duet.emit('custom-message', { userId: 'bob', cmdId: 1, seq: 1, data: encodeChat('hi') });
    duet.emit('custom-message', { userId: 'bob', cmdId: 2, seq: 2, data: encodeChat('not chat') });
    duet.emit('custom-message', { userId: 'bob', cmdId: 1, seq: 3, data: new Uint8Array([0xff]).buffer });
    expect(call.chat.messages.value.map(({ userId, text }) => [userId, text])).toEqual([['', 'hello'], ['bob', 'hi']]);
  });

  it('counts what was not seen', async () => {
    const { duet, call } = await inCall();
    const say = (): void => duet.emit('custom-message', { userId: 'bob', cmdId: 1, seq: 1, data: encodeChat('hi') });
    say();
    call.chat.send('mine');
    say();
    expect(call.chat.unread.value).toBe(2);
    call.chat.open.value = true;
    await settle();
    expect(call.chat.unread.value).toBe(0);
    say();
    expect(call.chat.unread.value).toBe(0);
  });

  it.each(['', '   ', 'x'.repeat(1025)])('does not send %j', async (text) => {
    const { duet, call } = await inCall();
    expect(call.chat.send(text)).toBe(false);
    expect(duet.named('sendCustomMessage')).toEqual([]);
  });

  it('tells when it cannot be sent, and keeps it unsent', async () => {
    const { duet, call } = await inCall();
    duet.behaviour.set('sendCustomMessage', rtcError(ERROR_CODE.INVALID_OPERATION));
    expect(call.chat.send('hello')).toBe(false);
    expect(call.chat.messages.value).toEqual([]);
    expect(call.notices.list.value).toHaveLength(1);
  });
});

describe('window.duetCall', () => {
  afterEach(() => { vi.unstubAllGlobals(); });

  it('answers for tests', async () => {
    vi.stubGlobal('window', {});
    const { duet, call } = setUp();
    installHooks(call);
    expect(window.duetCall?.state).toBe('idle');
    await call.enter('alice', '1234');
    expect(window.duetCall?.state).toBe('in-call');
    expect(window.duetCall?.marks).toEqual({ joinClicked: expect.any(Number), entered: expect.any(Number), firstRemoteFrame: null });
    duet.stats = [{ id: 'T', type: 'transport', timestamp: 1, srtpCipher: 'AEAD_AES_128_GCM' }];
    expect(await window.duetCall?.stats()).toMatchObject({ srtp_cipher: 'AEAD_AES_128_GCM', frames_decoded: 0 });
  });
});
