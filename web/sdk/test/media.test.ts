import OFFER from '../../../tests/golden/sdp/chromium-sdk-1v1-offer.sdp?raw';
import { describe, expect, it } from 'vitest';
import { preferredVideoCodecs } from '../src/media/codecs.js';
import { deviceChanges, listDevices, readPermissions } from '../src/media/devices.js';
import { objectFit } from '../src/media/fit.js';
import { gradeNetwork, networkQuality, toVolume } from '../src/media/quality.js';
import { acceptStereo, offerAudioNack, tuneOpusSender } from '../src/media/sdp.js';
import { summarise, voiceLevels } from '../src/media/stats.js';
import type { StatsEntry } from '../src/types.js';
import { codec, device, FakePlatform } from './fakes/platform.js';


describe('fit', () => {
  const landscape = { width: 640, height: 480 };
  const portrait = { width: 360, height: 640 };
  const square = { width: 100, height: 100 };
  const unknown = { width: 0, height: 0 };
  it.each([
    ['contain', landscape, landscape, 'contain'], ['cover', landscape, portrait, 'cover'],
    ['fillCrop', landscape, portrait, 'cover'], ['fill', landscape, portrait, 'fill'],
    ['auto', landscape, portrait, 'contain'], ['auto', portrait, landscape, 'contain'],
    ['auto', landscape, landscape, 'cover'], ['auto', portrait, portrait, 'cover'],
    ['auto', square, portrait, 'cover'], ['auto', landscape, square, 'cover'],
    ['auto', unknown, portrait, 'cover'], ['auto', landscape, unknown, 'cover'],
  ] as const)('%s: picture %j in view %j is %s', (mode, picture, view, expected) => {
    expect(objectFit(mode, picture, view)).toBe(expected);
  });
});

describe('session descriptions', () => {
  it('of Chromium: stereo is accepted on the slots, all else stays byte for byte', () => {
    const mono = OFFER.replace(';stereo=1', '');
    expect(mono).not.toBe(OFFER);
    expect(acceptStereo(mono)).toBe(OFFER);
    expect(acceptStereo(OFFER)).toBe(OFFER);
  });

  it('offers to repeat lost sound, once, for Opus alone', () => {
    const lines = offerAudioNack(OFFER).split('\r\n');
    const at = lines.findIndex((line) => /^a=rtpmap:\d+ opus/.test(line));
    expect(lines[at + 1]).toMatch(/^a=rtcp-fb:\d+ nack$/);
    expect(offerAudioNack(lines.join('\r\n'))).toBe(lines.join('\r\n'));
    const pictures = (OFFER.match(/ nack\r$/gm) ?? []).length;
    expect(lines.filter((line) => line.endsWith(' nack')).length - pictures)
      .toBe(lines.filter((line) => line.startsWith('m=audio')).length);
  });

  const ANSWER = [
    'v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;cbr',
    'm=audio 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:1', 'a=rtpmap:96 OPUS/48000/2', 'a=sendrecv',
    'm=video 9 UDP/TLS/RTP/SAVPF 97', 'a=mid:10', 'a=rtpmap:97 VP8/90000', 'a=fmtp:97 x=1', '',
  ];
  it.each([
    ['0', false, 4, 'a=fmtp:111 minptime=10;cbr;useinbandfec=1'],
    ['0', true, 4, 'a=fmtp:111 minptime=10;cbr;useinbandfec=1;stereo=1'],
  ])('section %s, stereo %s', (mid, stereo, line, expected) => {
    for (const end of ['\r\n', '\n']) {
      const wanted = [...ANSWER];
      wanted[line] = expected;
      expect(tuneOpusSender(ANSWER.join(end), mid, stereo)).toBe(wanted.join(end));
    }
  });

  it('without parameters get a line of them', () => {
    const wanted = [...ANSWER.slice(0, 8), 'a=fmtp:96 useinbandfec=1', ...ANSWER.slice(8)];
    for (const end of ['\r\n', '\n']) {
      expect(tuneOpusSender(ANSWER.join(end), '1', false)).toBe(wanted.join(end));
    }
  });

  it.each(['10', '7', ''])('without an audio section %j stay as they are', (mid) => {
    expect(tuneOpusSender(ANSWER.join('\r\n'), mid, true)).toBe(ANSWER.join('\r\n'));
  });
});

describe('codecs', () => {
  const h264 = (mode: string, profile: string): RTCRtpCodec => codec('video/H264', `packetization-mode=${mode};profile-level-id=${profile}`);
  it('H.264 constrained baseline, VP8, other H.264, rtx; nothing else', () => {
    const high = h264('1', '64001f');
    const baseline = h264('1', '42E01F');
    const [vp8, vp9, rtx] = [codec('video/VP8'), codec('video/VP9'), codec('video/rtx')];
    expect(preferredVideoCodecs([vp8, rtx, vp9, high, h264('0', '42e01f'), baseline, codec('video/red')]))
      .toEqual([baseline, vp8, high, rtx]);
    expect(preferredVideoCodecs([])).toEqual([]);
  });
});

describe('quality', () => {
  it.each([
    [0, 0, 1], [100, 1, 1], [101, 0, 2], [0, 1.1, 2], [300, 3, 3], [50, 25, 4], [900, 0, 5], [0, 31, 5],
  ])('%i ms and %d %% is %i', (rtt, loss, grade) => {
    expect(gradeNetwork(rtt, loss)).toBe(grade);
  });

  it('is the worse of what both ends see; nothing is known of a value out of range', () => {
    const statistics = summarise([], [], { remote: () => undefined, own: () => undefined });
    const server = { uplink: 4, downlink: 77, members: [{ userId: 'b', uplink: -1, downlink: 6 }] };
    expect(networkQuality(true, { ...statistics, rtt: 150 }, server)).toMatchObject({
      uplinkNetworkQuality: 4, downlinkNetworkQuality: 2, members: [{ userId: 'b', uplink: 0, downlink: 6 }],
    });
    expect(networkQuality(false, statistics, null)).toMatchObject({
      uplinkNetworkQuality: 6, downlinkNetworkQuality: 6, members: [] });
  });

  it.each([[0, 0], [NaN, 0], [0.0001, 0], [0.00316, 0], [0.1, 60], [0.5, 88], [1, 100], [2, 100]])(
    'level %d is volume %i', (level, volume) => {
      expect(Math.round(toVolume(level))).toBe(volume);
    });
});

describe('statistics', () => {
  const names = {
    remote: (mid: string) => ({
      '2': { userId: 'b', stream: 'main', kind: 'audio' } as const, '3': { userId: 'b', stream: 'main', kind: 'video' } as const,
      '4': { userId: 'b', stream: 'aux', kind: 'video' } as const,
    })[mid],
    own: (mid: string) => ({
      '0': { stream: 'main', kind: 'audio' } as const, '1': { stream: 'main', kind: 'video' } as const,
    })[mid],
  };
  const report = (t: number): StatsEntry[] => [
    { id: 'P', type: 'candidate-pair', timestamp: t, nominated: true, state: 'succeeded', currentRoundTripTime: 0.04, bytesSent: 100 * t, bytesReceived: 200 * t },
    { id: 'S', type: 'media-source', timestamp: t, kind: 'audio', audioLevel: 0.3 },
    { id: 'OA', type: 'outbound-rtp', timestamp: t, mid: '0', bytesSent: 5 * t, mediaSourceId: 'S' },
    { id: 'OV', type: 'outbound-rtp', timestamp: t, mid: '1', bytesSent: 100 * t, frameWidth: 640, frameHeight: 480, framesPerSecond: 15 },
    { id: 'R', type: 'remote-inbound-rtp', timestamp: t, fractionLost: 0.02 },
    { id: 'IA', type: 'inbound-rtp', timestamp: t, mid: '2', bytesReceived: 4 * t, packetsReceived: t, packetsLost: 0, audioLevel: 0.2, jitterBufferDelay: t / 10, jitterBufferEmittedCount: t, totalAudioEnergy: t / 4000, totalSamplesDuration: t / 1000 },
    { id: 'IV', type: 'inbound-rtp', timestamp: t, mid: '3', bytesReceived: 80 * t, packetsReceived: t, packetsLost: t / 9, frameWidth: 320, frameHeight: 240, framesPerSecond: 30 },
    { id: 'IX', type: 'inbound-rtp', timestamp: t, mid: '4', bytesReceived: 10 * t, packetsReceived: 0, packetsLost: 0 },
    { id: 'IU', type: 'inbound-rtp', timestamp: t, mid: '9', bytesReceived: 10 * t },
  ];

  it('are differences of counters, by whose stream it is', () => {
    expect(summarise(report(900), report(1800), names)).toEqual({
      rtt: 40, upLoss: 2, downLoss: 5.3, bytesSent: 180_000, bytesReceived: 360_000,
      localStatistics: {
        audio: { bitrate: 40, audioLevel: 0.3 },
        video: [{ width: 640, height: 480, frameRate: 15, bitrate: 800, videoType: 'big' }],
      },
      remoteStatistics: [{
        userId: 'b',
        audio: { bitrate: 32, audioLevel: 0.2, jitterBufferDelay: 100 },
        video: [
          { width: 320, height: 240, frameRate: 30, bitrate: 640, videoType: 'big', jitterBufferDelay: 0 },
          { width: 0, height: 0, frameRate: 0, bitrate: 80, videoType: 'sub', jitterBufferDelay: 0 },
        ],
      }],
    });
  });

  it('of a new connection, whose counters begin again, are not negative', () => {
    const statistics = summarise(report(1800), report(900), names);
    expect(statistics.downLoss).toBe(0);
    expect(statistics.localStatistics.video[0]!.bitrate).toBe(0);
  });

  it('of nothing are zero', () => {
    expect(summarise([], [], names)).toEqual({
      rtt: 0, upLoss: 0, downLoss: 0, bytesSent: 0, bytesReceived: 0,
      localStatistics: { audio: { bitrate: 0, audioLevel: 0 }, video: [] }, remoteStatistics: [],
    });
  });

  it('give the loudness of each voice', () => {
    expect([...voiceLevels(report(900), report(1800), names)]).toEqual([['b', 0.5]]);
    expect([...voiceLevels([], report(900), names)]).toEqual([['b', 0]]);
  });
});

describe('devices', () => {
  it('compare by kind and id', () => {
    const [cam, mic, other] = [device('videoinput', '1'), device('audioinput', '1'), device('audiooutput', '2')];
    expect(deviceChanges([cam, mic], [mic, other])).toEqual([
      { type: 'camera', action: 'remove', device: cam }, { type: 'speaker', action: 'add', device: other }]);
    expect(deviceChanges([cam], [device('videoinput', '1', 'renamed')])).toEqual([]);
  });

  it.each([[true, 1], [false, 0]])('without names, permission requested %s: the user is asked %i times', async (request, asked) => {
    const platform = new FakePlatform();
    platform.devices = [device('videoinput', '', '')];
    await listDevices(platform, 'videoinput', request);
    expect(platform.captures).toHaveLength(asked);
    expect(platform.captures.every((c) => c.tracks.every((t) => t.readyState === 'ended'))).toBe(true);
  });

  it('a refusal is an error of the list, and an answer of the permissions', async () => {
    const platform = new FakePlatform();
    platform.devices = [device('audiooutput', '', '')];
    const refusal = Object.assign(new Error('no'), { name: 'NotAllowedError' });
    platform.captureErrors.push(refusal);
    await expect(listDevices(platform, 'audiooutput', true)).rejects.toMatchObject({ code: 5300, extraCode: 5302 });
    platform.permissions = { camera: 'prompt', microphone: null };
    platform.captureErrors.push(refusal, null);
    expect(await readPermissions(platform, {})).toEqual({ camera: 'prompt', microphone: 'granted' });
    expect(await readPermissions(platform, { request: false, types: ['camera'] })).toEqual({ camera: 'prompt', microphone: null });
  });
});
