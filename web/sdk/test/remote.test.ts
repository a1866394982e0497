import { describe, expect, it } from 'vitest';
import { ERROR_CODE } from '../src/errors.js';
import { Call, callWithBob } from './fakes/call.js';
import { Refusal } from './fakes/server.js';
import { settle } from './fakes/time.js';

function slotTrack(call: Call, mid: string): MediaStreamTrack {
  return call.platform.pc.at(mid).receiver.track;
}

describe('members', () => {
  it('are announced as they come, pause, come back and leave', async () => {
    const call = await callWithBob();
    call.server.notify('memberPaused', { userId: 'bob' });
    call.server.notify('memberPaused', { userId: 'bob' });
    call.server.notify('memberResumed', { userId: 'bob' });
    call.server.publishes('bob', 'main', { video: false });
    call.server.leave('bob', 'timeout');
    expect(call.log.slice(2).map((e) => e.event)
      .filter((e) => e.startsWith('remote-'))).toEqual([
      'remote-user-enter', 'remote-audio-available', 'remote-video-available',
      'remote-user-paused', 'remote-user-resumed', 'remote-video-unavailable',
      'remote-audio-unavailable', 'remote-user-exit',
    ]);
    expect(call.heard('remote-user-exit')).toEqual([{ userId: 'bob', reason: 1 }]);
  });

  it.each([
    ['exit', 0], ['timeout', 1], ['kicked', 2], ['role', 3], ['replaced', 0],
  ] as const)('reason %s is %i', async (reason, code) => {
    const call = await callWithBob();
    call.server.leave('bob', reason);
    expect(call.heard('remote-user-exit')).toEqual([{ userId: 'bob', reason: code }]);
  });

  it('nonsense from the server changes nothing', async () => {
    const call = await callWithBob();
    call.forget();
    for (const text of ['', '{', '[]', 'null', '{"method":7}', '{"id":99,"result":{}}',
      '{"jsonrpc":"2.0","method":"unheardOf","params":{}}']) call.server.raw(text);
    expect(call.log).toEqual([]);
    expect(call.heard('error')).toEqual([]);
  });
});

describe('voices', () => {
  it('play by themselves, in an element of their own', async () => {
    const call = await callWithBob();
    expect(call.platform.audios.map((a) => a.track)).toEqual([slotTrack(call, '2')]);
    expect(call.platform.videos).toEqual([]);
    expect(call.duet.getAudioTrack('bob')).toBe(slotTrack(call, '2'));
  });

  it('muteRemoteAudio stops receiving, and starts it again', async () => {
    const call = await callWithBob();
    await call.duet.muteRemoteAudio('bob', true);
    expect(call.server.asked('unsubscribe')).toEqual([
      { userId: 'bob', stream: 'main', kind: 'audio' }, { userId: 'bob', stream: 'aux', kind: 'audio' },
    ]);
    expect(call.platform.audios).toEqual([]);
    await call.duet.muteRemoteAudio('bob', false);
    expect(call.server.asked('subscribe')).toContainEqual({ userId: 'bob', stream: 'main', kind: 'audio' });
    expect(call.platform.audios).toHaveLength(1);
  });

  it("muteRemoteAudio('*') also counts for those who come later", async () => {
    const call = await callWithBob({ template: 'grid' });
    await call.duet.muteRemoteAudio('*', true);
    call.server.join('carol');
    await settle();
    expect(call.server.asked('unsubscribe').filter((r) => r['stream'] === 'main').map((r) => r['userId']))
      .toEqual(['bob', 'carol']);
    call.server.publishes('carol', 'main', { audio: true });
    await settle();
    expect(call.platform.audios).toEqual([]);
    await call.duet.muteRemoteAudio('carol', false);
    expect(call.platform.audios).toHaveLength(1);
  });

  it('have volumes that are kept for later, single ones and one for all', async () => {
    const call = new Call();
    await call.enter({ template: 'grid' });
    call.duet.setRemoteAudioVolume('*', 30);
    call.duet.setRemoteAudioVolume('bob', 150);
    for (const userId of ['bob', 'carol']) {
      call.server.join(userId);
      call.server.publishes(userId, 'main', { audio: true });
    }
    await settle();
    expect(call.platform.audios.map((a) => a.volume)).toEqual([1.5, 0.3]);
    call.duet.setRemoteAudioVolume('*', 100);
    expect(call.platform.audios.map((a) => a.volume)).toEqual([1, 1]);
    expect(() => call.duet.setRemoteAudioVolume('bob', -1)).toThrowError(
      expect.objectContaining({ code: ERROR_CODE.INVALID_PARAMETER, functionName: 'setRemoteAudioVolume' }));
  });

  it('that the browser blocks are reported with a way to play them', async () => {
    const call = await callWithBob();
    call.platform.audios[0]!.events.blocked();
    const [failed] = call.heard('autoplay-failed');
    expect(failed).toMatchObject({ userId: 'bob', mediaType: 'audio' });
    const before = call.platform.audios[0]!.plays;
    await failed!.resume();
    expect(call.platform.audios[0]!.plays).toBe(before + 1);
  });
});

describe('pictures', () => {
  it('are subscribed and shown when asked for', async () => {
    const call = await callWithBob();
    const view = call.platform.element('bob-view');
    await call.duet.startRemoteVideo({ userId: 'bob', streamType: 'main', view, option: { fillMode: 'contain', mirror: true } });
    expect(call.server.asked('subscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video' }]);
    const video = call.platform.videoIn('bob-view')!;
    expect(video).toMatchObject({ track: slotTrack(call, '3'), fit: 'contain', mirror: true });
    expect(call.duet.getVideoSnapshot({ userId: 'bob' })).toBe('');
    video.frame(640, 480);
    expect(call.heard('first-video-frame')).toEqual([{ userId: 'bob', streamType: 'main', width: 640, height: 480 }]);
    expect(call.heard('video-size-changed')).toEqual([
      { userId: 'bob', streamType: 'main', newWidth: 640, newHeight: 480 }]);
    expect(call.heard('video-play-state-changed')).toEqual([
      { userId: 'bob', streamType: 'main', state: 'PLAYING', reason: 'playing' }]);
    expect(call.duet.getVideoSnapshot({ userId: 'bob' })).toBe('data:image/png;640');
  });

  it('asked for before the user exists, appear with their settings when it does', async () => {
    const call = new Call();
    call.platform.element('v');
    await call.duet.startRemoteVideo({ userId: 'bob', view: 'v' });
    await call.enter();
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { fillMode: 'fill' } });
    expect(call.server.asked('subscribe')).toEqual([]);
    call.server.join('bob');
    await settle();
    expect(call.server.asked('subscribe')).toHaveLength(1);
    call.server.publishes('bob', 'main', { video: true });
    call.server.slots = [{ mid: '3', userId: 'bob', stream: 'main', kind: 'video' }];
    call.server.notify('slots', { slots: call.server.slots });
    expect(call.platform.videoIn('v')).toMatchObject({ track: slotTrack(call, '3'), fit: 'fill' });
  });

  it('keep their settings while the stream goes and comes, with a first frame each time', async () => {
    const call = await callWithBob();
    const view = call.platform.element('v');
    await call.duet.startRemoteVideo({ userId: 'bob', view, option: { fillMode: 'contain' } });
    call.platform.videoIn('v')!.frame(640, 480);
    call.server.publishes('bob', 'main', { video: false });
    expect(call.platform.videoIn('v')).toBeUndefined();
    call.server.publishes('bob', 'main', { video: true });
    await settle();
    expect(call.platform.videoIn('v')).toMatchObject({ fit: 'contain' });
    call.platform.videoIn('v')!.frame(640, 480);
    expect(call.heard('first-video-frame')).toHaveLength(2);
  });

  it('forget their settings with exitRoom', async () => {
    const call = await callWithBob();
    const view = call.platform.element('v');
    await call.duet.startRemoteVideo({ userId: 'bob', view, option: { fillMode: 'contain' } });
    await call.duet.exitRoom();
    call.forget();
    await call.enter();
    expect(call.server.asked('subscribe')).toEqual([]);
    expect(call.platform.videos).toEqual([]);
    await call.duet.startRemoteVideo({ userId: 'bob', view });
    expect(call.platform.videoIn('v')).toMatchObject({ fit: 'cover' });
  });

  it('auto fits anew when picture or view turn', async () => {
    const call = await callWithBob();
    const view = call.platform.element('v');
    await call.duet.startRemoteVideo({ userId: 'bob', view, option: { fillMode: 'auto' } });
    const video = call.platform.videoIn('v')!;
    video.frame(640, 480); // landscape in a 300 x 400 view
    expect(video.fit).toBe('contain');
    video.frame(480, 640);
    expect(video.fit).toBe('cover');
    video.box = { width: 400, height: 300 };
    video.events.boxResized();
    expect(video.fit).toBe('contain');
  });

  it('are shown in several views, moved, and taken out of all', async () => {
    const call = await callWithBob();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => call.platform.element(id)) as [HTMLElement, HTMLElement, HTMLElement];
    await call.duet.startRemoteVideo({ userId: 'bob', view: [a, b] });
    expect(call.platform.videos.map((v) => v.container)).toEqual([a, b]);
    await call.duet.updateRemoteVideo({ userId: 'bob', view: [b, c] });
    expect(call.platform.videos.map((v) => v.container)).toEqual([b, c]);
    await call.duet.updateRemoteVideo({ userId: 'bob', view: null });
    expect(call.platform.videos).toEqual([]);
    expect(call.duet.getVideoTrack({ userId: 'bob' })).toBe(slotTrack(call, '3'));
  });

  it.each([
    [{ userId: 'bob', streamType: 'main' as const }],
    [{ userId: '*' }],
  ])('stopRemoteVideo %j ends receiving', async (config) => {
    const call = await callWithBob();
    await call.duet.startRemoteVideo({ userId: 'bob', view: call.platform.element('v') });
    await call.duet.stopRemoteVideo(config);
    expect(call.server.asked('unsubscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video' }]);
    expect(call.platform.videos).toEqual([]);
    expect(call.duet.getVideoTrack({ userId: 'bob' })).toBe(null);
  });

  it('arrive without being asked for with autoReceiveVideo, and show when they get a view', async () => {
    const call = await callWithBob({ autoReceiveVideo: true });
    expect(call.server.asked('subscribe')).toEqual([]);
    await call.duet.updateRemoteVideo({ userId: 'bob', view: call.platform.element('v') });
    expect(call.server.asked('subscribe')).toEqual([]);
    expect(call.platform.videoIn('v')!.track).toBe(slotTrack(call, '3'));
  });

  it('ask for the small picture and back', async () => {
    const call = await callWithBob();
    await call.duet.startRemoteVideo({ userId: 'bob', option: { small: true } });
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { small: false } });
    expect(call.server.asked('subscribe').map((r) => r['quality'])).toEqual(['small', 'main']);
  });

  it('are kept before they are played for as long as is asked, whatever section they come on', async () => {
    const call = await callWithBob({ autoReceiveVideo: true });
    const kept = (): unknown => call.platform.pc.transceivers.filter((t) => t.receiver.jitterBufferTarget != null).map((t) => [t.mid, t.receiver.jitterBufferTarget]);
    call.duet.setRemotePlayoutDelay('bob', 200);
    await settle();
    expect(kept()).toEqual(call.server.slots.map(({ mid }) => [mid, 200]));
    call.server.drop();
    await call.advance(1_000);
    expect(kept()).toEqual(call.server.slots.map(({ mid }) => [mid, 200]));
    call.server.notify('slots', { slots: call.server.slots.map((s) => ({ ...s, userId: 'carol' })) });
    expect(kept()).toEqual([]);
    expect(() => call.duet.setRemotePlayoutDelay('bob', 5_000)).toThrow(/delay/);
  });

  it('of the shared screen are a stream of their own', async () => {
    const call = await callWithBob();
    call.server.publishes('bob', 'aux', { video: true });
    expect(call.heard('remote-video-available').at(-1)).toEqual({ userId: 'bob', streamType: 'sub' });
    await call.duet.startRemoteVideo({ userId: 'bob', streamType: 'sub', view: call.platform.element('s') });
    expect(call.platform.videoIn('s')).toMatchObject({ track: slotTrack(call, '3'), fit: 'contain' });
  });

  it.each([
    [{ userId: 'bob', streamType: 'aux' as 'sub' }, ERROR_CODE.INVALID_PARAMETER],
    [{ userId: 'bob', view: 'missing' }, ERROR_CODE.INVALID_PARAMETER],
    [{ userId: '' }, ERROR_CODE.INVALID_PARAMETER],
  ])('refuse %j', async (config, code) => {
    const call = await callWithBob();
    await expect(call.duet.startRemoteVideo(config)).rejects.toMatchObject({ code, functionName: 'startRemoteVideo' });
    expect(call.server.asked('subscribe')).toEqual([]);
  });

  it('that the server does not allow reject and are not asked for again', async () => {
    const call = await callWithBob();
    call.server.on('subscribe', () => new Refusal(-41009, 'not_allowed'));
    await expect(call.duet.startRemoteVideo({ userId: 'bob' })).rejects.toMatchObject({
      code: ERROR_CODE.SERVER_ERROR, extraCode: -41009, data: { name: 'not_allowed' },
    });
    call.server.publishes('bob', 'main', { audio: false });
    await settle();
    expect(call.server.asked('subscribe')).toHaveLength(1);
  });

  it('are asked for again when the user comes back', async () => {
    const call = await callWithBob();
    await call.duet.startRemoteVideo({ userId: 'bob', view: call.platform.element('v') });
    call.server.leave('bob');
    expect(call.platform.videos).toEqual([]);
    call.forget();
    call.server.join('bob');
    call.server.publishes('bob', 'main', { video: true });
    await settle();
    expect(call.server.asked('subscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video' }]);
  });

  it('of somebody who leaves in the same moment are no error', async () => {
    const call = await callWithBob();
    call.server.members = [];
    await call.duet.startRemoteVideo({ userId: 'bob' });
    expect(call.heard('error')).toEqual([]);
  });
});

describe('slots', () => {
  it('grow by one negotiation when the server has none left', async () => {
    const call = await callWithBob();
    call.server.publishes('bob', 'aux', { video: true });
    call.server.join('carol');
    call.server.publishes('carol', 'main', { video: true });
    for (const userId of ['bob', 'carol']) await call.duet.startRemoteVideo({ userId });
    expect(call.server.asked('negotiate')).toHaveLength(0);
    await call.duet.startRemoteVideo({ userId: 'bob', streamType: 'sub' });
    expect(call.server.asked('negotiate')).toHaveLength(1);
    expect(call.duet.getVideoTrack({ userId: 'bob', streamType: 'sub' })).not.toBe(null);
    expect(call.platform.pc.answers).toHaveLength(2);
  });

  it('grow for voices that the server subscribes by itself', async () => {
    const call = new Call();
    await call.enter({ template: 'grid' });
    for (let i = 0; i < 7; i++) {
      call.server.join(`user${i}`);
      call.server.publishes(`user${i}`, 'main', { audio: true });
      await settle();
    }
    expect(call.platform.audios).toHaveLength(7);
    expect(new Set(call.platform.audios.map((a) => a.track)).size).toBe(7);
    expect(call.server.asked('negotiate')).toHaveLength(1); // 4, then 5 and 2 to spare
  });

  it('follow the table when the server moves a stream', async () => {
    const call = await callWithBob();
    await call.duet.startRemoteVideo({ userId: 'bob', view: call.platform.element('v') });
    call.server.notify('slots', { slots: [{ mid: '4', userId: 'bob', stream: 'main', kind: 'video' }] });
    expect(call.platform.videoIn('v')!.track).toBe(slotTrack(call, '4'));
    expect(call.platform.audios).toEqual([]);
  });

  it('that the server refuses to negotiate are rolled back', async () => {
    const call = await callWithBob();
    call.server.on('negotiate', () => new Refusal(-41007, 'sdp_invalid'));
    await expect(call.duet.startScreenShare()).rejects.toMatchObject({
      functionName: 'startScreenShare', data: { name: 'sdp_invalid' },
    });
    expect(call.platform.pc.rolledBack).toBe(1);
    expect(call.duet.getVideoTrack({ streamType: 'sub' })).toBe(null);
    expect(call.platform.captures.at(-1)!.tracks.every((t) => t.readyState === 'ended')).toBe(true);
  });
});
