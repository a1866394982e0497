import { describe, expect, it } from 'vitest';
import { ERROR_CODE, OPERATION_EXTRA_CODE, RtcError } from '../src/errors.js';
import type { EnterRequest } from '../src/signal/messages.js';
import { Call, PARAMS } from './fakes/call.js';
import { Refusal, SILENCE } from './fakes/server.js';
import { settle } from './fakes/time.js';

async function failure(promise: Promise<unknown>): Promise<RtcError> {
  const error: unknown = await promise.then(() => null, (e: unknown) => e);
  expect(error).toBeInstanceOf(RtcError);
  return error as RtcError;
}

describe('entering', () => {
  it('is one request with the offer and the state of both sections', async () => {
    const call = new Call();
    await call.enter({ cloudenv: 'DEV', privateMapKey: 'key' });
    expect(call.server.urls).toEqual(['wss://page.example:8443/v1/signal']);
    const [request] = call.server.asked<EnterRequest>('enter');
    expect(request).toMatchObject({
      protocol: 1, sdkAppId: 1_400_000_001, userId: 'alice', userSig: 'sig', room: 1234, scene: 'rtc',
      role: 'anchor', template: '1v1', recvMode: 2, resume: null, cloudenv: 'DEV', privateMapKey: 'key',
      tracks: [
        { mid: '0', kind: 'audio', stream: 'main', on: false },
        { mid: '1', kind: 'video', stream: 'main', on: false },
      ],
    });
    expect(call.server.requests.map((r) => r.method)).toEqual(['enter']);
    expect(call.heard('connection-state-changed').map((e) => [e.prevState, e.state])).toEqual([
      ['DISCONNECTED', 'CONNECTING'], ['CONNECTING', 'CONNECTED'],
    ]);
  });

  it.each([
    ['1v1', 1, 2], ['grid', 4, 4], ['custom', 4, 4],
  ] as const)('template %s offers %i audio and %i video slots', async (template, audio, video) => {
    const call = new Call();
    await call.enter({ template });
    const slots = (kind: string): number => call.platform.pc.transceivers
      .filter((t) => t.kind === kind && t.direction === 'recvonly').length;
    expect([slots('audio'), slots('video')]).toEqual([audio, video]);
  });

  it.each([
    [undefined, undefined, 2], [true, true, 1], [false, true, 3], [false, false, 4],
  ] as const)('autoReceiveAudio %s, autoReceiveVideo %s is recvMode %i', async (audio, video, mode) => {
    const call = new Call();
    await call.enter({
      ...(audio === undefined ? {} : { autoReceiveAudio: audio }),
      ...(video === undefined ? {} : { autoReceiveVideo: video }),
    });
    expect(call.server.asked<EnterRequest>('enter')[0]!.recvMode).toBe(mode);
  });

  it('publishes in the same request what was started before', async () => {
    const call = new Call();
    await call.duet.startLocalAudio();
    await call.duet.startLocalVideo({ mute: true });
    await call.enter();
    expect(call.server.asked<EnterRequest>('enter')[0]!.tracks.map((t) => t.on)).toEqual([true, false]);
    expect(call.platform.pc.sending('audio')).toEqual([call.duet.getAudioTrack()]);
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.server.asked('publish')).toEqual([]);
    expect(call.heard('publish-state-changed').map((e) => [e.mediaType, e.state])).toEqual([
      ['audio', 'started'], ['video', 'started'],
    ]);
  });

  it('announces who is there and what they send', async () => {
    const call = new Call();
    call.server.members = [
      { userId: 'bob', streams: [{ stream: 'main', audio: true, video: true }, { stream: 'aux', audio: false, video: true }] },
    ];
    await call.enter();
    expect(call.log.slice(2)).toEqual([
      { event: 'remote-user-enter', payload: { userId: 'bob' } },
      { event: 'remote-audio-available', payload: { userId: 'bob' } },
      { event: 'remote-video-available', payload: { userId: 'bob', streamType: 'main' } },
      { event: 'remote-video-available', payload: { userId: 'bob', streamType: 'sub' } },
      expect.objectContaining({ event: 'track' }),
    ]);
  });

  it.each([
    [{ sdkAppId: 0 }, 'sdkAppId'],
    [{ userId: '' }, 'userId'],
    [{ userId: 'x'.repeat(129) }, 'userId'],
    [{ userSig: '' }, 'userSig'],
    [{ roomId: 4_294_967_296 }, 'roomId'],
    [{ roomId: 1.5 }, 'roomId'],
    [{ server: 'ftp://host' }, 'server'],
    [{ server: 'nonsense' }, 'server'],
    [{ template: '2v2' as '1v1' }, 'template'],
  ])('refuses %j before anything is sent', async (params, name) => {
    const call = new Call();
    const error = await failure(call.duet.enterRoom({ ...PARAMS, ...params }));
    expect(error).toMatchObject({
      code: ERROR_CODE.INVALID_PARAMETER, name: 'RtcError', functionName: 'enterRoom',
    });
    expect(error.message).toContain(name);
    expect(call.server.urls).toEqual([]);
    await call.enter(); // and the next try is not "already in a room"
  });

  it.each([
    ['x', true], ['é'.repeat(32), true], ['', false], ['é'.repeat(33), false],
  ])('takes string room %j: %s', async (strRoomId, ok) => {
    const call = new Call();
    const { roomId: _numeric, ...params } = PARAMS;
    const outcome = call.duet.enterRoom({ ...params, strRoomId }).then(() => true, () => false);
    expect(await outcome).toBe(ok);
    if (ok) expect(call.server.asked<EnterRequest>('enter')[0]!.room).toBe(strRoomId);
  });

  it.each([
    ['https://h:8443', 'wss://h:8443/v1/signal'],
    ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/v1/signal'],
    ['https://h/some/page?x=1', 'wss://h/v1/signal'],
    ['wss://[::1]:9', 'wss://[::1]:9/v1/signal'],
  ])('server %s is %s', async (server, url) => {
    const call = new Call();
    await call.enter({ server });
    expect(call.server.urls).toEqual([url]);
  });

  it('says what the server refused, and can be tried again', async () => {
    const call = new Call();
    call.server.on('enter', () => new Refusal(-100018, 'sig_expired', 'the UserSig expired an hour ago'));
    const error = await failure(call.duet.enterRoom(PARAMS));
    expect(error).toMatchObject({
      code: ERROR_CODE.SERVER_ERROR, extraCode: -100018, data: { name: 'sig_expired' },
      functionName: 'enterRoom', message: 'the UserSig expired an hour ago',
    });
    expect(call.server.asked('enter')).toHaveLength(1);
    expect(call.platform.pc.connectionState).toBe('closed');
    expect(call.server.connected).toBe(false);
    expect(call.heard('connection-state-changed').at(-1)).toMatchObject({ state: 'DISCONNECTED' });
    call.server.back('enter');
    await call.enter();
    expect(call.heard('connection-state-changed').at(-1)).toMatchObject({ state: 'CONNECTED' });
  });

  it('tries three times to reach the server, then says that it cannot', async () => {
    const call = new Call();
    call.server.up = false;
    const outcome = failure(call.duet.enterRoom(PARAMS));
    await call.advance(10_000);
    const error = await outcome;
    expect(error).toMatchObject({
      code: ERROR_CODE.OPERATION_FAILED, extraCode: OPERATION_EXTRA_CODE.SERVER_UNREACHABLE,
    });
    expect(error.message).toContain('wss://page.example:8443/v1/signal');
    expect(call.server.urls).toHaveLength(3);
  });

  it('gives up on a server that opens the socket and never answers', async () => {
    const call = new Call();
    call.server.on('enter', () => SILENCE);
    const outcome = failure(call.duet.enterRoom(PARAMS));
    await call.advance(40_000);
    expect(await outcome).toMatchObject({ extraCode: OPERATION_EXTRA_CODE.REQUEST_TIMEOUT });
  });

  it('is aborted by exitRoom', async () => {
    const call = new Call();
    call.server.on('enter', () => SILENCE);
    const outcome = failure(call.duet.enterRoom(PARAMS));
    await settle();
    await call.duet.exitRoom();
    expect(await outcome).toMatchObject({ code: ERROR_CODE.OPERATION_ABORT, functionName: 'enterRoom' });
    // The server may have let the user in before it read this: without a goodbye it would keep the seat.
    expect(call.server.requests.map(({ method }) => method)).toEqual(['enter', 'exit']);
    expect(call.server.connected).toBe(false);
    expect(call.platform.time.timerCount).toBe(0);
  });

  it('twice at once is an error, and the first goes on', async () => {
    const call = new Call();
    const first = call.duet.enterRoom(PARAMS);
    expect(await failure(call.duet.enterRoom(PARAMS))).toMatchObject({ code: ERROR_CODE.INVALID_OPERATION });
    await first;
  });
});

describe('leaving', () => {
  it('says goodbye, stops what was received and keeps what is captured', async () => {
    const call = new Call();
    call.platform.element('own');
    await call.duet.startLocalVideo({ view: 'own' });
    await call.enter();
    call.server.join('bob');
    call.server.publishes('bob', 'main', { audio: true });
    await settle();
    expect(call.platform.audios).toHaveLength(1);
    await call.duet.exitRoom();
    expect(call.server.asked('exit')).toHaveLength(1);
    expect(call.server.connected).toBe(false);
    expect(call.platform.pc.connectionState).toBe('closed');
    expect(call.platform.audios).toHaveLength(0);
    expect(call.duet.getVideoTrack()!.readyState).toBe('live');
    expect(call.platform.videoIn('own')!.track).toBe(call.duet.getVideoTrack());
    expect(call.heard('remote-user-exit')).toEqual([]);
    await call.enter();
    expect(call.server.asked<EnterRequest>('enter').at(-1)!.resume).toBe(null);
  });

  it('does not wait long for a server that is silent', async () => {
    const call = new Call();
    await call.enter();
    call.server.answering = false;
    let left = false;
    void call.duet.exitRoom().then(() => { left = true; });
    await call.advance(1_000);
    expect(left).toBe(true);
    expect(call.platform.time.timerCount).toBe(0);
  });

  it('outside a room does nothing', async () => {
    const call = new Call();
    await call.duet.exitRoom();
    expect(call.log).toEqual([]);
  });

  it.each([[false, 1], [true, 0]])('page hidden, persisted %s: %i goodbyes', async (persisted, goodbyes) => {
    const call = new Call();
    await call.enter();
    call.platform.pageHide.fire(persisted);
    await settle();
    expect(call.server.asked('exit')).toHaveLength(goodbyes);
  });

  it('destroy releases devices, timers and handlers', async () => {
    const call = new Call();
    await call.duet.startLocalAudio();
    call.duet.enableAudioVolumeEvaluation(100);
    await call.enter();
    const track = call.duet.getAudioTrack()!;
    call.duet.destroy();
    await settle();
    expect(track.readyState).toBe('ended');
    expect(call.platform.time.timerCount).toBe(0);
    call.forget();
    call.platform.deviceChange.fire();
    await settle();
    expect(call.log).toEqual([]);
  });
});
