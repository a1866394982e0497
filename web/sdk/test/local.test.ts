import { describe, expect, it } from 'vitest';
import { DEVICE_EXTRA_CODE, ERROR_CODE } from '../src/errors.js';
import type { PublishRequest } from '../src/session/publications.js';
import { Call } from './fakes/call.js';
import { FakeTrack } from './fakes/media.js';
import { device } from './fakes/platform.js';
import { Refusal } from './fakes/server.js';
import { settle } from './fakes/time.js';

function named(name: string): Error {
  return Object.assign(new Error('the browser says so'), { name });
}

async function entered(): Promise<Call> {
  const call = new Call();
  call.platform.element('own');
  await call.enter();
  return call;
}

function published(call: Call): PublishRequest[] {
  return call.server.asked<PublishRequest>('publish');
}

describe('camera', () => {
  it('in a room is put on the section that is there and published', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own' });
    expect(call.server.requests.map((r) => r.method)).toEqual(['enter', 'publish']);
    expect(published(call)).toEqual([{ stream: 'main', video: true }]);
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.platform.pc.at('1').sender.parameters).toMatchObject({
      encodings: [{ maxBitrate: 900_000, maxFramerate: 15 }], degradationPreference: 'maintain-framerate',
    });
    expect(call.platform.videoIn('own')).toMatchObject({ track: call.duet.getVideoTrack(), mirror: true, fit: 'cover' });
    expect(call.heard('publish-state-changed').map((e) => [e.mediaType, e.prevState, e.state])).toEqual([
      ['video', 'stopped', 'starting'], ['video', 'starting', 'started'],
    ]);
    call.platform.videoIn('own')!.frame(640, 480);
    expect(call.heard('first-video-frame')).toEqual([{ userId: '', streamType: 'main', width: 640, height: 480 }]);
  });

  it('sends no more than its receivers can take', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own' });
    const bitrate = (): number | undefined => call.platform.pc.at('1').sender.parameters.encodings[0]!.maxBitrate;
    const limits: Array<['main' | 'aux', number, number]> = [
      ['main', 300, 300_000], ['main', 2000, 900_000], ['main', 400, 400_000], ['aux', 100, 400_000], ['main', 0, 900_000],
    ];
    for (const [stream, maxBitrate, expected] of limits) {
      call.server.notify('bitrateLimit', { stream, maxBitrate });
      await settle();
      expect(bitrate()).toBe(expected);
    }
  });

  it('prefers H.264 constrained baseline, then VP8, and offers nothing that is not forwarded', async () => {
    const call = await entered();
    expect(call.platform.pc.at('1').codecs.map((c) => c.mimeType)).toEqual(['video/H264', 'video/VP8', 'video/rtx']);
  });

  it('mute is told without touching the section, and heard by the others only as a state', async () => {
    const call = await entered();
    await call.duet.startLocalVideo();
    const track = call.duet.getVideoTrack()!;
    await call.duet.updateLocalVideo({ mute: true });
    expect(track.enabled).toBe(false);
    await call.duet.updateLocalVideo({ mute: false });
    expect(track.enabled).toBe(true);
    expect(published(call).map((p) => p.video)).toEqual([true, false, true]);
    expect(call.duet.getVideoTrack()).toBe(track);
    expect(call.server.asked('negotiate')).toEqual([]);
  });

  it('stop ends the capture, the preview and the publication', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own' });
    const track = call.duet.getVideoTrack()!;
    await call.duet.stopLocalVideo();
    expect(track.readyState).toBe('ended');
    expect(call.platform.videos).toEqual([]);
    expect(call.platform.pc.sending('video')).toEqual([null]);
    expect(published(call).at(-1)).toEqual({ stream: 'main', video: false });
    await call.duet.startLocalVideo();
  });

  it('publish: false is a preview only, until it is updated', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own', publish: false });
    expect(published(call)).toEqual([]);
    expect(call.platform.pc.sending('video')).toEqual([null]);
    await call.duet.updateLocalVideo({ publish: true });
    expect(published(call)).toEqual([{ stream: 'main', video: true }]);
  });

  it('is exchanged for another one after the first is closed', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own', option: { useFrontCamera: true } });
    const front = call.duet.getVideoTrack()!;
    await call.duet.updateLocalVideo({ option: { useFrontCamera: false } });
    expect(front.readyState).toBe('ended');
    expect(call.platform.captures.map((c) => c.othersLive)).toEqual([0, 0]);
    expect(call.platform.captures.map((c) => (c.constraints.video as MediaTrackConstraints).facingMode)).toEqual([
      { exact: 'user' }, { exact: 'environment' }]);
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.platform.videoIn('own')!.track).toBe(call.duet.getVideoTrack());
    await call.duet.updateLocalVideo({ option: { cameraId: 'cam-1' } });
    expect(call.platform.captures.at(-1)!.constraints.video).toMatchObject({ deviceId: { exact: 'cam-1' } });
    expect(call.platform.captures.at(-1)!.constraints.video).not.toHaveProperty('facingMode');
  });

  it('comes back when the other one cannot be opened', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own' });
    call.platform.captureErrors.push(named('NotReadableError'));
    await expect(call.duet.updateLocalVideo({ option: { cameraId: 'cam-2' } })).rejects.toMatchObject({
      code: ERROR_CODE.DEVICE_ERROR, extraCode: DEVICE_EXTRA_CODE.NOT_READABLE, functionName: 'updateLocalVideo',
    });
    expect(call.duet.getVideoTrack()!.readyState).toBe('live');
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.platform.videoIn('own')!.track).toBe(call.duet.getVideoTrack());
  });

  it('any camera will do where none looks to the front', async () => {
    const call = await entered();
    call.platform.captureErrors.push(named('OverconstrainedError'));
    await call.duet.startLocalVideo({ option: { useFrontCamera: true } });
    expect(call.platform.captures.at(-1)!.constraints.video).toMatchObject({ facingMode: { ideal: 'user' } });
  });

  it.each([
    ['view', true, false], ['publish', false, true], ['both', true, true], [true, true, false], [false, false, false],
  ] as const)('mirror %s: own view %s, what is sent %s', async (mirror, view, sent) => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own', option: { mirror } });
    expect(call.platform.videoIn('own')!.mirror).toBe(view);
    expect(call.platform.pc.sending('video')[0] === call.duet.getVideoTrack()).toBe(!sent);
  });

  it.each([
    ['NotAllowedError', DEVICE_EXTRA_CODE.NOT_ALLOWED, 'allow it'],
    ['NotFoundError', DEVICE_EXTRA_CODE.NOT_FOUND, 'there is no camera'],
    ['NotReadableError', DEVICE_EXTRA_CODE.NOT_READABLE, 'close the other program'],
    ['OverconstrainedError', DEVICE_EXTRA_CODE.OVERCONSTRAINED, 'choose another'],
    ['SomethingElse', DEVICE_EXTRA_CODE.OTHER, 'the browser says so'],
  ])('%s is %i and says what to do', async (name, extraCode, words) => {
    const call = await entered();
    call.platform.captureErrors.push(named(name));
    await expect(call.duet.startLocalVideo()).rejects.toMatchObject({
      code: ERROR_CODE.DEVICE_ERROR, extraCode, functionName: 'startLocalVideo', message: expect.stringContaining(words),
    });
    expect(published(call)).toEqual([]);
    await call.duet.startLocalVideo(); // the failed start left nothing behind
  });

  it.each([
    [{ option: { profile: '480P' as '480p' } }, ERROR_CODE.INVALID_PARAMETER],
    [{ option: { profile: { width: 0, height: 1, frameRate: 1, bitrate: 1 } } }, ERROR_CODE.INVALID_PARAMETER],
    [{ view: 'missing' }, ERROR_CODE.INVALID_PARAMETER],
  ])('refuses %j without opening the camera', async (config, code) => {
    const call = await entered();
    await expect(call.duet.startLocalVideo(config)).rejects.toMatchObject({ code });
    expect(call.platform.captures).toEqual([]);
  });

  it('start twice and update before start are errors in words', async () => {
    const call = await entered();
    await expect(call.duet.updateLocalVideo({ mute: true })).rejects.toMatchObject({ code: ERROR_CODE.INVALID_OPERATION });
    await call.duet.startLocalVideo();
    await expect(call.duet.startLocalVideo()).rejects.toMatchObject({ code: ERROR_CODE.INVALID_OPERATION });
    expect(call.platform.captures).toHaveLength(1);
  });

  it('start and stop at once leave it stopped', async () => {
    const call = await entered();
    await Promise.all([call.duet.startLocalVideo(), call.duet.stopLocalVideo()]);
    expect(call.duet.getVideoTrack()).toBe(null);
    expect(call.platform.pc.sending('video')).toEqual([null]);
    expect(call.platform.captures[0]!.tracks[0]!.readyState).toBe('ended');
  });

  it('unplugged is replaced by another one', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own', option: { cameraId: 'cam-1' } });
    call.platform.captures[0]!.tracks[0]!.end();
    await settle();
    expect(call.platform.captures.at(-1)!.constraints.video).not.toHaveProperty('deviceId');
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    expect(call.heard('device-changed').filter((e) => e.action === 'active')).toHaveLength(2);
    expect(call.heard('error')).toEqual([]);
  });

  it('unplugged with none left is an error in words, and the call goes on', async () => {
    const call = await entered();
    await call.duet.startLocalVideo({ view: 'own' });
    call.platform.captureErrors.push(named('NotFoundError'));
    call.platform.captures[0]!.tracks[0]!.end();
    await settle();
    expect(call.heard('error')).toEqual([expect.objectContaining({
      code: ERROR_CODE.DEVICE_ERROR, extraCode: DEVICE_EXTRA_CODE.LOST, message: expect.stringContaining('unplugged'),
    })]);
    expect(published(call).at(-1)).toEqual({ stream: 'main', video: false });
    expect(call.platform.videos).toEqual([]);
    await call.duet.startLocalVideo();
  });

  it('that the server does not allow rejects; the preview stays', async () => {
    const call = await entered();
    call.server.on('publish', () => new Refusal(-41009, 'not_allowed'));
    await expect(call.duet.startLocalVideo({ view: 'own' })).rejects.toMatchObject({ data: { name: 'not_allowed' } });
    expect(call.heard('publish-state-changed').at(-1)).toMatchObject({ mediaType: 'video', state: 'stopped', reason: 'error' });
    expect(call.platform.videoIn('own')!.track).toBe(call.duet.getVideoTrack());
  });

  it('a track of the application is sent and never stopped', async () => {
    const call = await entered();
    const own = new FakeTrack('video');
    await call.duet.startLocalVideo({ option: { videoTrack: own.asTrack() } });
    expect(call.platform.pc.sending('video')).toEqual([own.asTrack()]);
    await call.duet.stopLocalVideo();
    expect(own.readyState).toBe('live');
    expect(call.platform.captures).toEqual([]);
  });
});

describe('microphone', () => {
  it('is captured, encoded and muted as asked for', async () => {
    const call = await entered();
    await call.duet.startLocalAudio({ option: { profile: 'high-stereo', noiseSuppression: false } });
    expect(call.platform.captures[0]!.constraints.audio).toEqual({
      echoCancellation: true, autoGainControl: true, noiseSuppression: false, channelCount: { ideal: 2 },
    });
    expect(call.platform.pc.at('0').sender.parameters.encodings[0]!.maxBitrate).toBe(192_000);
    await call.duet.updateLocalAudio({ mute: true });
    await call.duet.updateLocalAudio({ mute: false });
    expect(published(call).map((p) => p.audio)).toEqual([true, false, true]);
    expect(call.duet.getAudioTrack()!.enabled).toBe(true);
  });

  it('stays muted when it is exchanged', async () => {
    const call = await entered();
    await call.duet.startLocalAudio({ mute: true });
    await call.duet.updateLocalAudio({ option: { microphoneId: 'mic-2' } });
    expect(call.duet.getAudioTrack()!.enabled).toBe(false);
    expect(call.platform.captures[0]!.tracks[0]!.readyState).toBe('ended');
    expect(published(call)).toEqual([]);
  });

  it('stereo is asked of the encoder in the answer, and FEC always', async () => {
    const call = new Call();
    await call.duet.startLocalAudio({ option: { profile: 'standard-stereo' } });
    await call.enter();
    const sections = call.platform.pc.answers[0]!.split(/(?=^m=)/m);
    expect(sections[1]).toContain('a=fmtp:111 useinbandfec=1;stereo=1');
  });
});

describe('screen', () => {
  it('adds its sections by one negotiation, and reuses them', async () => {
    const call = await entered();
    await call.duet.startScreenShare({ option: { systemAudio: true } });
    const [negotiation] = call.server.asked<{ tracks: object[] }>('negotiate');
    expect(negotiation!.tracks.slice(2)).toEqual(expect.arrayContaining([
      expect.objectContaining({ kind: 'video', stream: 'aux', on: true }),
      expect.objectContaining({ kind: 'audio', stream: 'aux', on: true }),
    ]));
    expect(published(call)).toEqual([]);
    await call.duet.stopScreenShare();
    expect(published(call)).toEqual([{ stream: 'aux', audio: false, video: false }]);
    await call.duet.startScreenShare();
    expect(call.server.asked('negotiate')).toHaveLength(1);
    expect(published(call).at(-1)).toEqual({ stream: 'aux', video: true });
    expect(call.duet.getVideoTrack({ streamType: 'sub' })!.contentHint).toBe('detail');
  });

  it('ended by the browser is told and unpublished', async () => {
    const call = await entered();
    await call.duet.startScreenShare();
    call.platform.captures[0]!.tracks[0]!.end();
    await settle();
    expect(call.heard('screen-share-stopped')).toHaveLength(1);
    expect(published(call)).toEqual([{ stream: 'aux', video: false }]);
    expect(call.heard('error')).toEqual([]);
  });

  it('stopped by the application is not told', async () => {
    const call = await entered();
    await call.duet.startScreenShare();
    await call.duet.stopScreenShare();
    expect(call.heard('screen-share-stopped')).toEqual([]);
  });

  it('refused by the user is an error in words', async () => {
    const call = await entered();
    call.platform.captureErrors.push(named('NotAllowedError'));
    await expect(call.duet.startScreenShare()).rejects.toMatchObject({
      code: ERROR_CODE.DEVICE_ERROR, extraCode: DEVICE_EXTRA_CODE.NOT_ALLOWED, message: expect.stringContaining('cancelled'),
    });
    expect(call.server.asked('negotiate')).toEqual([]);
  });
});

describe('devices', () => {
  it('plugged in and out are told', async () => {
    const call = new Call();
    const usb = device('videoinput', 'cam-usb');
    const before = call.platform.devices;
    call.platform.devices = [...before, usb];
    call.platform.deviceChange.fire();
    await settle();
    call.platform.devices = before;
    call.platform.deviceChange.fire();
    await settle();
    expect(call.heard('device-changed')).toEqual([
      { type: 'camera', action: 'add', device: usb }, { type: 'camera', action: 'remove', device: usb },
    ]);
  });

  it('permissions that change are told', async () => {
    const call = new Call();
    call.platform.permissions.camera = 'denied';
    call.platform.permissionChange.fire();
    await settle();
    expect(call.heard('permission-state-change')).toEqual([{ camera: 'denied', microphone: 'granted' }]);
  });
});
