import { describe, expect, it } from 'vitest';
import { ERROR_CODE, OPERATION_EXTRA_CODE } from '../src/errors.js';
import type { EnterRequest } from '../src/signal/messages.js';
import { Call, callWithBob } from './fakes/call.js';
import { Refusal, SILENCE } from './fakes/server.js';
import { settle } from './fakes/time.js';

function states(call: Call): string[] {
  return call.heard('connection-state-changed').map((e) => e.state);
}

function reasons(call: Call): unknown[] {
  return call.heard('connection-state-changed').map((e) => e.reason);
}

function enters(call: Call): EnterRequest[] {
  return call.server.asked<EnterRequest>('enter');
}

/** In a call with picture both ways, and the log empty. */
async function running(): Promise<Call> {
  const call = await callWithBob();
  await call.duet.startLocalAudio();
  await call.duet.startLocalVideo();
  await call.duet.startRemoteVideo({
    userId: 'bob', view: call.platform.element('v'), option: { fillMode: 'contain', mirror: true },
  });
  call.platform.videoIn('v')!.frame(640, 480);
  call.forget();
  return call;
}

describe('a lost socket', () => {
  it('is followed by one request that takes the seat back, and media go on', async () => {
    const call = await running();
    const video = call.platform.videoIn('v')!;
    const track = video.track;
    call.server.drop();
    expect(states(call)).toEqual(['RECONNECTING']);
    await call.advance(500);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(reasons(call)).toEqual(['network', undefined]);
    expect(enters(call)).toHaveLength(1);
    expect(enters(call)[0]!.resume).toMatch(/^resume-/);
    expect(enters(call)[0]!.tracks.map((t) => t.on)).toEqual([true, true]);
    expect(call.platform.connections).toHaveLength(1);
    expect(call.platform.pc.connectionState).toBe('connected');
    expect(call.platform.videoIn('v')).toBe(video);
    expect(video.track).toBe(track);
    call.server.notify('bitrateLimit', { stream: 'main', maxBitrate: 100 });
    await settle();
    expect(call.platform.pc.transceivers[1]!.sender.parameters.encodings[0]!.maxBitrate).toBe(100_000);
    expect(call.names(['remote-user-enter', 'remote-user-exit', 'remote-video-available',
      'remote-video-unavailable', 'first-video-frame', 'error'])).toEqual([]);
  });

  it('is no reason to keep media of which nothing comes any more', async () => {
    const call = await running();
    const [kept] = call.platform.connections;
    kept!.stats = [{ id: 'pair', type: 'candidate-pair', bytesReceived: 5_000, responsesReceived: 7 }];
    call.server.drop();
    await call.advance(1_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    kept!.stats = [{ id: 'other', type: 'candidate-pair', bytesReceived: 100, responsesReceived: 2 }]; // the first is gone
    await call.advance(5_000); // the browser still says `connected`
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED', 'RECONNECTING', 'CONNECTED']);
    expect(reasons(call)[2]).toBe('media');
    expect(call.platform.connections).toHaveLength(2);
    await call.advance(20_000);
    expect(call.platform.connections).toHaveLength(2);
  });

  it('leaves media alone of which anything comes', async () => {
    const call = await running();
    const [kept] = call.platform.connections;
    const pair = { id: 'pair', type: 'candidate-pair', bytesReceived: 5_000, responsesReceived: 7 };
    kept!.stats = [pair];
    call.server.drop();
    await call.advance(3_000);
    pair.responsesReceived++;
    await call.advance(20_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(call.platform.connections).toHaveLength(1);
  });

  it('and a goodbye while the seat is being taken back leaves no seat behind', async () => {
    const call = await running();
    call.server.on('enter', () => SILENCE);
    call.server.drop();
    await call.advance(500);
    expect(call.server.requests.map(({ method }) => method).at(-1)).toBe('enter');
    await call.duet.exitRoom();
    expect(call.server.requests.map(({ method }) => method).slice(-2)).toEqual(['enter', 'exit']);
    expect(call.server.connected).toBe(false);
    expect(call.platform.time.timerCount).toBe(0);
  });

  it('and a goodbye before the new one opens leaves no socket behind', async () => {
    const call = await running();
    const { pc } = call.platform;
    let goOn = (): void => {};
    pc.createOffer = () => new Promise((resolve) => { goOn = () => resolve({ type: 'offer', sdp: '' }); });
    const sharing = call.duet.startScreenShare();
    await settle();
    call.server.drop();
    await call.advance(500); // its turn is after the negotiation
    await call.duet.exitRoom();
    goOn();
    await call.advance(30_000);
    await sharing.catch(() => undefined);
    expect(call.server.connected).toBe(false);
    expect(call.platform.time.timerCount).toBe(0);
  });

  it('during a negotiation loses nothing of it', async () => {
    const call = await running();
    call.server.on('negotiate', () => SILENCE);
    const sharing = call.duet.startScreenShare();
    await settle();
    call.server.drop();
    call.server.up = false;
    await call.advance(3_000);
    call.server.up = true;
    await call.advance(3_000);
    await sharing;
    expect(call.platform.connections).toHaveLength(1);
    expect(enters(call).at(-1)!.tracks.map((t) => [t.stream, t.kind, t.on])).toEqual([
      ['main', 'audio', true], ['main', 'video', true], ['aux', 'video', true]]);
  });

  it('and media that are gone as well: with everything as it was on a new connection', async () => {
    const call = await running();
    const video = call.platform.videoIn('v')!;
    const audio = call.platform.audios[0]!;
    call.platform.pc.become('disconnected');
    call.server.drop();
    await call.advance(500);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(enters(call)).toHaveLength(1);
    expect(enters(call)[0]!.tracks.map((t) => t.on)).toEqual([true, true]);
    expect(call.platform.connections).toHaveLength(2);
    expect(call.platform.pc.sending('video')).toEqual([call.duet.getVideoTrack()]);
    // The same elements, with the new connection's tracks: nobody saw a gap.
    expect(call.platform.videoIn('v')).toBe(video);
    expect(video).toMatchObject({ track: call.platform.pc.at('3').receiver.track, fit: 'contain', mirror: true });
    expect(call.platform.audios[0]).toBe(audio);
    expect(audio.track).toBe(call.platform.pc.at('2').receiver.track);
    expect(call.names(['remote-user-enter', 'remote-user-exit', 'remote-video-available',
      'remote-video-unavailable', 'first-video-frame', 'error'])).toEqual([]);
  });

  it('keeps the old connection until the new one carries media', async () => {
    const call = await running();
    call.platform.connects = false;
    call.server.forget(); // it has no media of this call any more
    call.server.drop();
    await call.advance(500);
    const [old, fresh] = call.platform.connections;
    expect(old!.connectionState).toBe('connected');
    fresh!.become('connected');
    expect(old!.connectionState).toBe('closed');
  });

  it('learns what happened meanwhile', async () => {
    const call = await running();
    call.server.drop();
    call.server.members = [{ userId: 'carol', streams: [] }];
    await call.advance(500);
    expect(call.log.map((e) => e.event).filter((e) => e.startsWith('remote-'))).toEqual([
      'remote-audio-unavailable', 'remote-video-unavailable', 'remote-user-exit', 'remote-user-enter']);
    expect(call.platform.videos).toEqual([]);
  });

  it('replays subscriptions and mutes to a server that has forgotten the session', async () => {
    const call = await running();
    await call.duet.muteRemoteAudio('bob', true);
    await call.duet.updateLocalVideo({ mute: true });
    call.forget();
    call.server.forget();
    call.server.drop();
    await call.advance(500);
    expect(enters(call)[0]!.tracks.map((t) => t.on)).toEqual([true, false]);
    expect(call.server.asked('subscribe')).toEqual([{ userId: 'bob', stream: 'main', kind: 'video' }]);
    expect(call.server.asked('unsubscribe')).toHaveLength(2);
    expect(call.platform.audios).toEqual([]);
  });

  it('what was changed meanwhile holds afterwards', async () => {
    const call = await running();
    await call.duet.muteRemoteAudio('bob', true);
    call.forget();
    call.server.up = false;
    call.server.drop();
    await call.duet.muteRemoteAudio('bob', false);
    await call.duet.updateLocalAudio({ mute: true });
    await call.duet.startScreenShare();
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { fillMode: 'fill' } });
    call.server.up = true;
    await call.advance(5_000);
    expect(enters(call)[0]!.tracks.map((t) => [t.stream, t.kind, t.on])).toEqual([
      ['main', 'audio', false], ['main', 'video', true], ['aux', 'video', true]]);
    expect(call.server.asked('subscribe')).toContainEqual({ userId: 'bob', stream: 'main', kind: 'audio' });
    expect(call.platform.videoIn('v')).toMatchObject({ fit: 'fill' });
    expect(call.platform.audios).toHaveLength(1);
  });

  it('tries on for as long as the server is away, at most 2.5 s apart', async () => {
    const call = await running();
    call.server.up = false;
    const before = call.server.urls.length;
    call.server.drop();
    await call.advance(300_000);
    const attempts = call.server.urls.length - before;
    expect(attempts).toBeGreaterThan(300 / 2.5);
    expect(attempts).toBeLessThan(200);
    expect(states(call)).toEqual(['RECONNECTING']);
    expect(call.heard('error')).toEqual([]);
    call.server.up = true;
    await call.advance(5_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
  });

  it.each(['online', 'visibility'] as const)('tries at once when %s says that it may work again', async (event) => {
    const call = await running();
    call.server.up = false;
    call.server.drop();
    await call.advance(60_000);
    call.server.up = true;
    call.platform[event].fire();
    await settle();
    expect(states(call).at(-1)).toBe('CONNECTED');
    const sockets = call.server.urls.length;
    await call.advance(9_000);
    expect(call.server.urls).toHaveLength(sockets); // the timer that was running is gone
  });

  it('waits for its time while the page stays hidden', async () => {
    const call = await running();
    call.server.up = false;
    call.server.drop();
    await call.advance(60_000);
    call.server.up = true;
    call.platform.hidden = true;
    call.platform.visibility.fire();
    await settle();
    expect(states(call)).toEqual(['RECONNECTING']);
    await call.advance(5_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
  });

  it('goes on with short delays once the network was back', async () => {
    const call = await running();
    call.server.up = false;
    call.server.drop();
    await call.advance(60_000);
    call.platform.online.fire(); // too early: this attempt fails as well
    await settle();
    call.server.up = true;
    await call.advance(200);
    expect(states(call).at(-1)).toBe('CONNECTED');
  });

  it('found dead when the network comes back is not waited for', async () => {
    const call = await running();
    call.server.answering = false;
    call.platform.online.fire();
    await call.advance(2_500);
    expect(states(call)).toEqual(['RECONNECTING']);
    call.server.answering = true;
    await call.advance(500);
    expect(states(call).at(-1)).toBe('CONNECTED');
  });

  it('is noticed by the ping when nothing else tells', async () => {
    const call = await running();
    await call.advance(10_000);
    expect(call.server.asked('ping')).toHaveLength(1);
    expect(states(call)).toEqual([]);
    call.server.answering = false;
    await call.advance(22_000);
    expect(states(call)[0]).toBe('RECONNECTING');
  });

  it('exitRoom while reconnecting ends it', async () => {
    const call = await running();
    call.server.up = false;
    call.server.drop();
    await call.duet.exitRoom();
    expect(states(call)).toEqual(['RECONNECTING', 'DISCONNECTED']);
    expect(reasons(call)).toEqual(['network', 'exit']);
    const sockets = call.server.urls.length;
    await call.advance(60_000);
    expect(call.server.urls).toHaveLength(sockets);
  });

  it('is given up when the answer will not change, and enterRoom goes on with the same views', async () => {
    const call = await running();
    call.server.on('enter', () => new Refusal(-100018, 'sig_expired', 'sign again'));
    call.server.drop();
    await call.advance(60_000);
    expect(states(call)).toEqual(['RECONNECTING', 'DISCONNECTED']);
    expect(reasons(call)).toEqual(['network', 'refused']);
    expect(enters(call)).toHaveLength(1);
    expect(call.heard('error')).toEqual([expect.objectContaining({
      code: ERROR_CODE.SERVER_ERROR, extraCode: -100018, message: 'sign again', functionName: '',
    })]);
    expect(call.platform.videos).toEqual([]);
    call.server.back('enter');
    await call.enter({ userSig: 'new' });
    expect(call.platform.videoIn('v')).toMatchObject({ fit: 'contain', mirror: true });
  });

  it.each(['server_draining', 'server_busy', 'rate_limited'])('is tried again after %s', async (name) => {
    const call = await running();
    call.server.on('enter', () => new Refusal(-3301, name));
    call.server.drop();
    await call.advance(3_000);
    call.server.back('enter');
    await call.advance(5_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
  });
});

describe('a server that was restarted', () => {
  it('is told everything again: room, publications, subscriptions, sizes, voices, views', async () => {
    const call = await callWithBob({ template: 'grid', privateMapKey: 'key', cloudenv: 'UAT' });
    const { duet, platform, server } = call;
    await duet.startLocalAudio({ mute: true });
    await duet.startLocalVideo();
    await duet.startScreenShare();
    await duet.startRemoteVideo({ userId: 'bob', view: platform.element('v'), option: { fillMode: 'contain', small: true } });
    await duet.muteRemoteAudio('bob', true);
    await duet.startRemoteVideo({ userId: 'carol', view: platform.element('w'), option: { fillMode: 'fill' } }); // not there yet
    duet.setRemoteAudioVolume('carol', 30);
    const first = enters(call)[0]!;
    call.forget();
    server.forget();
    server.members = []; // of a restarted server the first one back sees nobody
    server.slots = [];
    server.notify('draining', { reconnectTo: null });
    await call.advance(500);
    const { resume, offer, tracks, ...again } = enters(call)[0]!;
    const { resume: _resume, offer: _offer, tracks: _tracks, ...before } = first;
    expect(again).toEqual(before);
    expect(tracks.map((t) => [t.stream, t.kind, t.on])).toEqual([
      ['main', 'audio', false], ['main', 'video', true], ['aux', 'video', true]]);
    expect(platform.pc.sending('video')).toEqual([duet.getVideoTrack(), duet.getVideoTrack({ streamType: 'sub' })]);
    expect(call.heard('remote-user-exit').map((e) => e.userId)).toEqual(['bob']);

    call.forget();
    for (const name of ['bob', 'carol']) {
      server.join(name);
      server.publishes(name, 'main', { audio: true, video: true });
    }
    await call.advance(100);
    expect(server.asked('subscribe')).toEqual([
      { userId: 'bob', stream: 'main', kind: 'video', quality: 'small' }, { userId: 'carol', stream: 'main', kind: 'video' }]);
    expect(server.asked('unsubscribe')).toEqual(expect.arrayContaining([{ userId: 'bob', stream: 'main', kind: 'audio' }]));
    expect(platform.videoIn('v')).toMatchObject({ fit: 'contain' });
    expect(platform.videoIn('w')).toMatchObject({ fit: 'fill' });
    expect(platform.audios.map((a) => a.volume)).toEqual([0.3]); // bob's voice is not received at all
    expect(call.heard('error')).toEqual([]);
  });
});

describe('the server says', () => {
  it('draining: comes back when it is up again', async () => {
    const call = await running();
    call.server.notify('draining', { reconnectTo: null });
    expect(states(call)).toEqual(['RECONNECTING']);
    expect(reasons(call)).toEqual(['draining']);
    await call.advance(500);
    expect(states(call).at(-1)).toBe('CONNECTED');
  });

  it.each([
    ['replaced', 'replaced'], ['removed', 'kick'], ['banned', 'banned'],
  ] as const)('kicked %s: over, and the application hears %s', async (reason, told) => {
    const call = await running();
    call.server.notify('kicked', { reason });
    call.server.drop(4001);
    await call.advance(60_000);
    expect(call.heard('kicked-out')).toEqual([{ reason: told }]);
    expect(states(call)).toEqual(['DISCONNECTED']);
    expect(reasons(call)).toEqual([told]);
    expect(enters(call)).toEqual([]);
    expect(call.platform.videos).toEqual([]);
    expect(call.duet.getVideoTrack()!.readyState).toBe('live');
    await call.enter();
  });

  it('dismissed: the room is gone', async () => {
    const call = await running();
    call.server.notify('dismissed', {});
    call.server.drop(4002);
    await call.advance(60_000);
    expect(call.heard('kicked-out')).toEqual([{ reason: 'room_disband' }]);
    expect(reasons(call)).toEqual(['room_disband']);
    expect(enters(call)).toEqual([]);
  });

  it('media_timeout: connects again', async () => {
    const call = await running();
    call.server.notify('kicked', { reason: 'media_timeout' });
    call.server.drop(4001);
    await call.advance(500);
    expect(call.heard('kicked-out')).toEqual([]);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
  });
});

describe('lost media with a living socket', () => {
  it('is forgiven for 8 s, then connected anew', async () => {
    const call = await running();
    call.platform.pc.become('disconnected');
    await call.advance(2_900);
    call.platform.pc.become('connected');
    await call.advance(10_000);
    expect(states(call)).toEqual([]);
    call.platform.pc.become('disconnected');
    await call.advance(7_900);
    expect(states(call)).toEqual([]);
    await call.advance(100);
    expect(states(call)).toEqual(['RECONNECTING']);
    await call.advance(500);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(enters(call)[0]!.resume).not.toBe(null);
    expect(call.platform.connections).toHaveLength(2);
  });

  it('failed is not waited for', async () => {
    const call = await running();
    call.platform.pc.become('failed');
    expect(states(call)).toEqual(['RECONNECTING']);
    expect(reasons(call)).toEqual(['media']);
  });

  it('that never came is told once, in words, and tried more and more slowly', async () => {
    const call = await running();
    call.platform.connects = false;
    call.platform.pc.become('failed');
    await call.advance(120_000);
    expect(call.heard('error')).toEqual([expect.objectContaining({
      code: ERROR_CODE.OPERATION_FAILED, extraCode: OPERATION_EXTRA_CODE.MEDIA_UNREACHABLE,
      message: expect.stringContaining('UDP'),
    })]);
    expect(enters(call).length).toBeGreaterThan(5);
    expect(enters(call).length).toBeLessThan(12);
    call.platform.connects = true;
    await call.advance(20_000);
    expect(states(call).at(-1)).toBe('CONNECTED');
    call.platform.connects = false;
    call.platform.pc.become('failed');
    await call.advance(30_000);
    expect(call.heard('error')).toHaveLength(2); // another trouble is told again
  });
});

describe('an application in the background', () => {
  it('gives up its connection without a goodbye and tries nothing, then is back with everything as it was', async () => {
    const call = await running();
    call.duet.suspend();
    expect(states(call)).toEqual(['RECONNECTING']);
    expect(reasons(call)).toEqual(['suspended']);
    expect(call.platform.pc.connectionState).toBe('closed');
    expect(call.server.asked('exit')).toEqual([]);
    await call.advance(60_000);
    expect(enters(call)).toEqual([]);
    call.duet.resume();
    await settle();
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(enters(call)).toHaveLength(1);
    expect(enters(call)[0]!.resume).toMatch(/^resume-/);
    expect(enters(call)[0]!.tracks.map((t) => t.on)).toEqual([true, true]);
    expect(call.platform.videoIn('v')).toMatchObject({ track: call.platform.pc.at('3').receiver.track, fit: 'contain' });
    expect(call.names(['remote-user-exit', 'remote-video-unavailable', 'error'])).toEqual([]);
  });

  it('may go there in the middle of a reconnection, and come back at once', async () => {
    const call = await running();
    call.server.drop();
    call.server.answering = false;
    await call.advance(500);
    expect(states(call)).toEqual(['RECONNECTING']);
    call.duet.suspend();
    call.server.answering = true;
    call.duet.resume();
    await call.advance(60_000);
    expect(states(call)).toEqual(['RECONNECTING', 'CONNECTED']);
    expect(call.platform.connections.filter((c) => c.connectionState === 'connected')).toHaveLength(1);
  });

  it('has nothing to give up outside a room', () => {
    const call = new Call();
    call.duet.suspend();
    call.duet.resume();
    expect(states(call)).toEqual([]);
  });
});
