import { describe, expect, it } from 'vitest';
import { Pushing, URL } from './fakes/pusher.js';
import { settle } from './fakes/host.js';
import { Pinch } from '../src/core/pinch.js';

function serverError(extraCode: number, message = 'a sentence') {
  return { code: 5400, extraCode, message };
}

describe('entering', () => {
  it('happens on the server of the environment, with what the url says', async () => {
    const p = new Pushing({ environments: { PRO: { server: 'https://pro.test' } }, server: 'https://else.test' });
    await p.entered();
    expect(p.client.last('enterRoom')).toMatchObject({
      sdkAppId: 1400000001, userId: 'alice', userSig: 'sig', roomId: 1234, server: 'https://pro.test', cloudenv: 'PRO',
      autoReceiveAudio: false, autoReceiveVideo: false,
    });
  });

  it('falls back to the one server, then to the origin of the page', async () => {
    const one = await new Pushing({ server: 'https://one.test' }).entered();
    expect(one.client.last('enterRoom')).toMatchObject({ server: 'https://one.test' });
    const none = await new Pushing().entered();
    expect(none.client.last('enterRoom')).toMatchObject({ server: 'https://page.test' });
  });

  it('tells 1018 before anybody else, and the user list after', async () => {
    const p = await new Pushing().entered();
    expect(p.codes().filter((code) => [1001, 1018, 1020].includes(code))).toEqual([1001, 1018, 1020]);
    expect(p.message(1020)).toBe('{"userlist":[]}');
  });

  it('waits for start() without autopush', async () => {
    const p = new Pushing();
    await p.attributes({ url: URL });
    expect(p.client.named('enterRoom')).toEqual([]);
    p.engine.start();
    await settle();
    expect(p.client.named('enterRoom')).toHaveLength(1);
  });

  it('is done once, whatever else changes', async () => {
    const p = await new Pushing().entered();
    await p.entered({ beauty: 3, muted: true });
    p.engine.start();
    await settle();
    expect(p.client.named('enterRoom')).toHaveLength(1);
  });

  it('goes from one room to the other when the url changes', async () => {
    const p = await new Pushing().entered();
    await p.entered({ url: URL.replace('1234', '77') });
    expect(p.client.last('enterRoom')).toMatchObject({ roomId: 77 });
    expect(p.codes().filter((code) => code === 1018 || code === 1019)).toEqual([1018, 1019, 1018]);
  });

  it.each([
    [serverError(-100018), [-100018]],
    [serverError(-100006), [-100006]],
    [serverError(-3301), [-3301]],
    [serverError(-41003), [-3301]],
    [{ code: 5500, extraCode: 5501, message: 'no answer' }, [3002, -1307]],
    [{ code: 5500, extraCode: 5503, message: 'no answer' }, [3003, -1307]],
  ])('refused with %j tells %j', async (error, codes) => {
    const p = new Pushing();
    p.client.behaviour.set('enterRoom', error);
    await p.entered();
    expect(p.codes().filter((code) => code < 0 || code > 3000)).toEqual(codes);
    expect(p.heard('error')).toEqual([{ errCode: codes[codes.length - 1], errMsg: error.message }]);
    expect(p.host.cameras.every(({ track }) => track.stopped)).toBe(true);
  });

  it('without a network tells 3001: no name can be looked up', async () => {
    const p = new Pushing();
    p.host.online = false;
    p.client.behaviour.set('enterRoom', { code: 5500, extraCode: 5501, message: 'no answer' });
    await p.entered();
    expect(p.codes().filter((code) => code < 0 || code > 3000)).toEqual([3001, -1307]);
    expect(p.message(-1307)).toMatch(/no network/);
  });

  it('with a url that is none says so, and does not try again by itself', async () => {
    const p = await new Pushing().entered({ url: 'room://cloud.tencent.com/rtc?sdkappid=1' });
    await p.entered({ url: 'room://cloud.tencent.com/rtc?sdkappid=1', muted: true });
    expect(p.heard('error')).toHaveLength(1);
    expect(p.client.named('enterRoom')).toEqual([]);
  });

  it('that was refused is tried again by start()', async () => {
    const p = new Pushing();
    p.client.behaviour.set('enterRoom', serverError(-3301));
    await p.entered();
    p.client.behaviour.delete('enterRoom');
    p.engine.start();
    await settle();
    expect(p.codes()).toContain(1018);
  });
});

describe('leaving', () => {
  it('tells 1019 and releases the devices', async () => {
    const p = await new Pushing().entered();
    p.engine.stop();
    await settle();
    expect(p.codes().at(-1)).toBe(1019);
    expect([...p.host.cameras, ...p.host.microphones].every(({ track }) => track.stopped)).toBe(true);
    expect(p.client.named('stopLocalVideo')).toHaveLength(1);
  });

  it('in the middle of entering needs not wait for the server', async () => {
    const p = new Pushing();
    p.client.behaviour.set('enterRoom', new Promise(() => {}));
    await p.entered();
    p.engine.stop();
    await settle();
    expect(p.client.named('exitRoom').length).toBeGreaterThan(0);
    expect(p.codes()).not.toContain(1018);
    expect(p.heard('error')).toEqual([]);
    expect(p.host.cameras[0]!.track.stopped).toBe(true);
  });

  it('of the component while the camera opens leaves no camera on', async () => {
    const p = new Pushing();
    let open = (): void => {};
    p.host.cameraGate = new Promise((resolve) => { open = resolve; });
    p.client.behaviour.set('enterRoom', new Promise(() => {}));
    await p.entered();
    p.engine.destroy();
    open();
    await settle();
    expect(p.host.cameras).toHaveLength(1);
    expect(p.host.cameras[0]!.track.stopped).toBe(true);
    expect(p.client.named('startLocalVideo')).toEqual([]);
    expect(p.client.named('destroy')).toHaveLength(1);
  });

  it('of the component is the end of all events', async () => {
    const p = await new Pushing().entered();
    p.engine.destroy();
    const before = p.log.length;
    p.client.emit('remote-user-enter', { userId: 'bob' });
    await p.host.page('hidden');
    await p.host.advance(60_000);
    expect(p.log).toHaveLength(before);
  });
});

describe('the others', () => {
  it('are told in the shape that existing projects parse', async () => {
    const p = await new Pushing().entered();
    p.client.emit('remote-user-enter', { userId: 'bob' });
    p.client.emit('remote-video-available', { userId: 'bob', streamType: 'main' });
    p.client.emit('remote-audio-available', { userId: 'bob' });
    p.client.emit('remote-video-available', { userId: 'bob', streamType: 'sub' });
    expect(JSON.parse(p.message(1031))).toEqual({ userlist: [{ userid: 'bob' }] });
    expect(JSON.parse(p.heard('statechange').find(({ code }) => code === 1033)!.message)).toEqual({
      userlist: [{ userid: 'bob', playurl: 'room://rtc.tencent.com?userid=bob&streamtype=main', streamtype: 'main', hasvideo: true }] });
    expect(JSON.parse(p.message(1033)).userlist[0]).toMatchObject({ streamtype: 'aux', hasvideo: true });
    expect(JSON.parse(p.message(1034))).toEqual({
      userlist: [{ userid: 'bob', playurl: 'room://rtc.tencent.com?userid=bob&streamtype=main', streamtype: 'main', hasaudio: true }] });
    p.client.emit('remote-user-exit', { userId: 'bob', reason: 0 });
    expect(JSON.parse(p.message(1032))).toEqual({ userlist: [{ userid: 'bob' }] });
  });

  it('that are paused are no leave', async () => {
    const p = await new Pushing().entered();
    p.client.emit('remote-user-paused', { userId: 'bob' });
    p.client.emit('remote-user-resumed', { userId: 'bob' });
    expect(p.codes()).not.toContain(1032);
    expect(p.heard('memberstate')).toEqual([{ userID: 'bob', state: 'paused' }, { userID: 'bob', state: 'resumed' }]);
  });
});

describe('the camera', () => {
  it('sends what the attributes say', async () => {
    const p = await new Pushing().entered({ 'max-bitrate': 1500, 'local-mirror': 'disable', 'remote-mirror': true, 'object-fit': 'contain' });
    const config = p.client.last<{ option: Record<string, unknown> }>('startLocalVideo');
    expect(config.option).toMatchObject({
      profile: { width: 360, height: 640, frameRate: 15, bitrate: 1500 }, mirror: 'publish', fillMode: 'contain' });
    expect(p.codes()).toContain(1003);
  });

  it('changes at run time: off, on, the other side, another size', async () => {
    const p = await new Pushing().entered();
    await p.entered({ 'enable-camera': false });
    expect(p.host.cameras[0]!.track.stopped).toBe(true);
    expect(p.client.named('stopLocalVideo')).toHaveLength(1);
    await p.entered({ 'device-position': 'back' });
    expect(p.host.cameras[1]!.wish).toEqual({ front: false, width: 360, height: 640, zoom: false });
    p.engine.switchCamera();
    await settle();
    expect(p.host.cameras[1]!.track.stopped).toBe(true);
    expect(p.host.cameras[2]!.wish.front).toBe(true);
    await p.entered({ 'device-position': 'back', 'video-width': 720, 'video-height': 1280 });
    expect(p.host.cameras[3]!.wish).toEqual({ front: true, width: 720, height: 1280, zoom: false });
  });

  it('has the shape of the aspect where no size is said', async () => {
    const p = await new Pushing().entered({ aspect: '3:4', 'video-width': undefined, 'video-height': Number.NaN });
    expect(p.host.cameras[0]!.wish).toMatchObject({ width: 480, height: 640 });
    await p.entered({ aspect: '3:4', 'video-width': 360 });
    expect(p.host.cameras[1]!.wish).toMatchObject({ width: 360, height: 480 });
    await p.entered({ aspect: '3:4', 'video-width': 360, 'video-height': 640 });
    expect(p.host.cameras[2]!.wish).toMatchObject({ width: 360, height: 640 });
  });

  it('keeps itself sharp, unless it is not to; the next one too', async () => {
    const p = await new Pushing().entered();
    expect(p.host.opticsLog).toEqual(['front focus true']);
    await p.entered({ 'auto-focus': false });
    p.engine.switchCamera();
    await settle();
    expect(p.host.opticsLog).toEqual(['front focus true', 'front focus false', 'back focus false']);
    expect(p.host.cameras).toHaveLength(2);
  });

  it('is zoomed by two fingers where zoom is on and the camera can', async () => {
    const p = await new Pushing().entered();
    const pinch = new Pinch(p.engine);
    expect(pinch.fingers(100)).toBe(false);
    await p.entered({ zoom: true });
    expect(p.host.cameras[1]!.wish.zoom).toBe(true); // some browsers ask the user for it
    expect(pinch.fingers(100)).toBe(true);
    pinch.fingers(250);
    pinch.fingers(5_000);
    pinch.fingers(10);
    pinch.fingers(null);
    p.host.zoom = { min: 1, max: 8, value: 2 };
    pinch.fingers(50);
    pinch.fingers(100);
    expect(pinch.wheel(-100)).toBe(true);
    expect(p.host.opticsLog.filter((line) => line.includes('zoom'))).toEqual([
      'front zoom 2.5', 'front zoom 8', 'front zoom 4', `front zoom ${2 * Math.E}`]);
    p.host.zoom = null;
    expect([pinch.fingers(100), pinch.wheel(1)]).toEqual([false, false]);
  });

  it.each([
    ['', {}], ['&encsmall=1', { small: true }], ['&encsmall=0', {}], ['&encsmall=undefined', {}],
  ])('comes in a small size too when the url says so: %j', async (query, small) => {
    const p = await new Pushing().entered({ url: `${URL}${query}` });
    const { option } = p.client.last<{ option: Record<string, unknown> }>('startLocalVideo');
    expect('small' in option ? { small: option['small'] } : {}).toEqual(small);
  });

  it('that is refused tells -1301 and 10001, and the call goes on', async () => {
    const p = new Pushing();
    p.host.cameraError = { name: 'NotAllowedError', message: 'denied' };
    await p.entered();
    expect(p.codes()).toEqual(expect.arrayContaining([-1301, 10001, 1018]));
    expect(p.heard('error')[0]!.errMsg).toMatch(/allow it/);
    expect(p.client.named('startLocalAudio')).toHaveLength(1);
    await p.entered({ beauty: 1 });
    expect(p.heard('error')).toHaveLength(1);
    await p.entered({ 'enable-camera': false });
    await p.entered(); // off and on again is another try
    expect(p.heard('error')).toHaveLength(2);
    p.host.cameraError = null;
    p.engine.start();
    await settle();
    expect(p.client.named('startLocalVideo')).toHaveLength(1);
  });

  it('that is unplugged is replaced by another one', async () => {
    const p = await new Pushing().entered();
    p.host.cameras[0]!.track.onended?.();
    await settle();
    expect(p.host.cameras).toHaveLength(2);
    expect(p.client.last<{ option: { videoTrack: unknown } }>('updateLocalVideo').option.videoTrack).toBe(p.host.cameras[1]!.track);
  });

  it('costs no filter pass unless a look is asked for', async () => {
    const p = await new Pushing().entered();
    expect(p.host.passes).toEqual([]);
    await p.entered({ beauty: 5 });
    await p.entered({ beauty: 5, whiteness: 2 });
    expect(p.host.passes).toHaveLength(1);
    expect(p.host.passes[0]!.looks.at(-1)).toMatchObject({ beauty: 5, whiteness: 2 });
    await p.entered();
    expect(p.host.passes[0]!.disposed).toBe(true);
    expect(p.client.last<{ option: { videoTrack: unknown } }>('updateLocalVideo').option.videoTrack).toBe(p.host.cameras[0]!.track);
  });

  it('shows the waiting image while paused, where there is one', async () => {
    const p = await new Pushing().entered({ 'waiting-image': 'wait.png' });
    p.engine.pause();
    await settle();
    const config = p.client.last<{ mute: boolean; option: { videoTrack: { label: string } } }>('updateLocalVideo');
    expect([config.mute, config.option.videoTrack.label]).toEqual([false, 'still wait.png']);
    p.engine.resume();
    await settle();
    expect(p.client.last<{ option: { videoTrack: { label: string } } }>('updateLocalVideo').option.videoTrack.label).toBe('front');
  });
});

describe('the microphone', () => {
  it('is sent as it is, and muted without being let go', async () => {
    const p = await new Pushing().entered({ 'enable-agc': true });
    expect(p.host.microphones[0]!.wish).toEqual({ agc: true, ans: false });
    await p.entered({ 'enable-agc': true, muted: true });
    expect(p.client.last('updateLocalAudio')).toMatchObject({ mute: true });
    expect(p.host.microphones[0]!.track.stopped).toBe(false);
    expect(p.host.mixers).toEqual([]);
  });

  it('has another profile when the quality changes', async () => {
    const p = await new Pushing().entered({ 'audio-quality': 'low' });
    expect(p.client.last('startLocalAudio')).toMatchObject({ option: { profile: 'standard' } });
    await p.entered({ 'audio-quality': 'high' });
    expect(p.client.named('stopLocalAudio')).toHaveLength(1);
    expect(p.client.last('startLocalAudio')).toMatchObject({ option: { profile: 'standard-stereo' } });
  });

  it('is mixed with music, which tells how far it is, and sent plain again after', async () => {
    const p = await new Pushing().entered();
    p.engine.setBGMVolume(50);
    p.engine.playBGM('song.mp3');
    await settle();
    const mixer = p.host.mixers[0]!;
    expect(mixer.log).toEqual(expect.arrayContaining(['music 0.5', 'play song.mp3', 'microphone microphone']));
    expect(p.client.last<{ option: { audioTrack: unknown } }>('updateLocalAudio').option.audioTrack).toBe(mixer.fakeTrack);
    mixer.music!.started();
    mixer.music!.progress(100, 2000);
    mixer.music!.completed();
    await settle();
    expect(p.heard('bgmstart')).toHaveLength(1);
    expect(p.heard('bgmprogress')).toEqual([{ progress: 100, duration: 2000 }]);
    expect(p.heard('bgmcomplete')).toEqual([{ code: 0, message: '' }]);
    expect(mixer.disposed).toBe(true);
    expect(p.client.last<{ option: { audioTrack: unknown } }>('updateLocalAudio').option.audioTrack).toBe(p.host.microphones[0]!.track);
  });

  it('off, music goes on alone', async () => {
    const p = await new Pushing().entered({ 'enable-mic': false });
    p.engine.playBGM('song.mp3');
    await settle();
    expect(p.host.microphones).toEqual([]);
    expect(p.client.named('startLocalAudio')).toHaveLength(1);
    p.engine.stopBGM();
    await settle();
    expect(p.client.named('stopLocalAudio')).toHaveLength(1);
  });
});

describe('the background', () => {
  it('of a phone suspends after 5 s and gives everything back', async () => {
    const p = await new Pushing().entered();
    await p.host.page('hidden');
    await p.host.advance(4_999);
    expect(p.codes()).not.toContain(5000);
    await p.host.advance(1);
    expect(p.codes()).toContain(5000);
    expect(p.client.named('suspend')).toHaveLength(1);
    expect(p.host.cameras[0]!.track.stopped).toBe(true);
    expect(p.client.named('stopLocalVideo')).toEqual([]); // the room keeps its picture
    await p.host.page('visible');
    expect(p.client.named('resume')).toHaveLength(1);
    expect(p.client.last<{ option: { videoTrack: unknown } }>('updateLocalVideo').option.videoTrack).toBe(p.host.cameras[1]!.track);
    expect(p.codes()).not.toContain(1019);
  });

  it('for a moment is nothing', async () => {
    const p = await new Pushing().entered();
    await p.host.page('hidden');
    await p.host.advance(1_000);
    await p.host.page('visible');
    await p.host.advance(60_000);
    expect(p.client.named('suspend')).toEqual([]);
  });

  it('of a computer changes nothing but what background-mute asks for', async () => {
    const p = new Pushing();
    p.host.phone = false;
    await p.entered({ 'background-mute': true });
    await p.host.page('hidden');
    await p.host.advance(60_000);
    expect(p.client.named('suspend')).toEqual([]);
    expect(p.client.last('updateLocalAudio')).toMatchObject({ mute: true });
    await p.host.page('visible');
    expect(p.client.last('updateLocalAudio')).toMatchObject({ mute: false });
  });

  it('frozen is told as 5001', async () => {
    const p = new Pushing({ suspend: 'never' });
    await p.entered();
    await p.host.page('frozen');
    expect(p.codes().at(-1)).toBe(5001);
  });

  it('is no reason to tell 1102, a lost connection is', async () => {
    const p = await new Pushing().entered();
    const lost = { prevState: 'CONNECTED', state: 'RECONNECTING', isReconnecting: true } as const;
    p.client.emit('connection-state-changed', lost);
    expect(p.codes().filter((code) => code === 1102)).toHaveLength(1);
    await p.host.page('hidden');
    await p.host.advance(5_000);
    p.client.emit('connection-state-changed', lost);
    expect(p.codes().filter((code) => code === 1102)).toHaveLength(1);
  });

  it('that an existing component answers with a leave is a leave', async () => {
    const p = await new Pushing().entered();
    await p.host.page('hidden');
    await p.host.advance(5_000);
    p.engine.stop();
    await p.attributes({ url: '' });
    expect(p.codes().at(-1)).toBe(1019);
    await p.host.page('visible');
    expect(p.client.named('enterRoom')).toHaveLength(1);
    await p.entered({ autopush: true });
    expect(p.client.named('enterRoom')).toHaveLength(2);
  });
});

describe('a call that ends by itself', () => {
  it('kicked out tells 3004 and 1019, and does not go back in', async () => {
    const p = await new Pushing().entered();
    p.client.emit('kicked-out', { reason: 'replaced' });
    await settle();
    expect(p.codes().slice(-2)).toEqual([3004, 1019]);
    await p.entered({ muted: true });
    expect(p.client.named('enterRoom')).toHaveLength(1);
  });

  it('refused on the way back tells why', async () => {
    const p = await new Pushing().entered();
    p.client.emit('connection-state-changed', { prevState: 'RECONNECTING', state: 'DISCONNECTED', isReconnecting: false });
    p.client.emit('error', { ...serverError(-100018, 'expired'), functionName: '' } as never);
    expect(p.codes().slice(-3)).toEqual([-100018, -1307, 1019]);
  });

  it('without media tells 3005 and goes on', async () => {
    const p = await new Pushing().entered();
    p.client.emit('error', { code: 5500, extraCode: 5502, message: 'udp' } as never);
    expect(p.codes().at(-1)).toBe(3005);
    expect(p.codes()).not.toContain(1019);
  });
});

describe('sound that the browser blocks', () => {
  it('is played with the next gesture, of which one is enough', async () => {
    const p = await new Pushing().entered();
    let resumed = 0;
    const blocked = { userId: 'bob', mediaType: 'audio', resume: async () => { resumed++; } } as const;
    p.client.emit('autoplay-failed', blocked);
    p.client.emit('autoplay-failed', blocked);
    expect(p.host.gestures.size).toBe(1);
    for (const gesture of p.host.gestures) gesture();
    expect(resumed).toBe(1);
  });
});

describe('netstatus', () => {
  it('has the figures of the SDK and the jitter of the browser', async () => {
    const p = await new Pushing().entered();
    p.client.stats = [{ id: 'a', type: 'remote-inbound-rtp', timestamp: 0, jitter: 0.012 }];
    p.client.emit('network-quality', { uplinkNetworkQuality: 2 } as never);
    p.client.emit('statistics', {
      rtt: 5, upLoss: 0, downLoss: 0, bytesSent: 1, bytesReceived: 1, remoteStatistics: [],
      localStatistics: { audio: { bitrate: 40, audioLevel: 0 }, video: [{ width: 360, height: 640, frameRate: 15, bitrate: 700, videoType: 'big' }] },
    });
    await settle();
    expect(p.heard('netstatus')).toEqual([{ info: {
      videoBitrate: 700, audioBitrate: 40, videoFPS: 15, videoWidth: 360, videoHeight: 640, netSpeed: 740, netJitter: 12, netQualityLevel: 2 } }]);
  });

  it('1103 is told when the hardware encoder gives up, once for each time', async () => {
    const p = await new Pushing().entered();
    const encoders: Array<boolean | undefined> = [undefined, false, true, true, false, false, true, false];
    for (const powerEfficientEncoder of encoders) {
      p.client.stats = [
        { id: 'f', type: 'outbound-rtp', kind: 'video', timestamp: 0, powerEfficientEncoder },
        { id: 'h', type: 'outbound-rtp', kind: 'video', timestamp: 0, active: false, powerEfficientEncoder: true },
      ];
      p.client.emit('statistics', {
        rtt: 5, upLoss: 0, downLoss: 0, bytesSent: 1, bytesReceived: 1, remoteStatistics: [],
        localStatistics: { audio: { bitrate: 40, audioLevel: 0 }, video: [] },
      });
      await settle();
    }
    expect(p.codes().filter((code) => code === 1103)).toHaveLength(2);
  });

  it('1101 is told when the uplink turns poor, once', async () => {
    const p = await new Pushing().entered();
    for (const quality of [2, 4, 5, 4]) p.client.emit('network-quality', { uplinkNetworkQuality: quality } as never);
    expect(p.codes().filter((code) => code === 1101)).toHaveLength(1);
  });
});
