// A room in which somebody can see H.264 only.
import { describe, expect, it } from 'vitest';
import { preferredVideoCodecs } from '../src/media/codecs.js';
import { codecOf, offerH264First } from '../src/media/sdp.js';
import type { EnterRequest } from '../src/signal/messages.js';
import { Call } from './fakes/call.js';
import { FakeTransceiver } from './fakes/media.js';
import { codec } from './fakes/platform.js';
import { Refusal } from './fakes/server.js';
import { settle } from './fakes/time.js';

const VP8 = codec('video/VP8');
const RTX = codec('video/rtx');
const BASELINE = codec('video/H264', 'packetization-mode=1;profile-level-id=42e01f');
const HIGH = codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f');
const UNFRAGMENTED = codec('video/H264', 'packetization-mode=0;profile-level-id=42e01f');

/** In a room, with the camera on, in a browser with these codecs. */
async function sending(codecs: RTCRtpCodec[], prepare: (call: Call) => void = () => {}): Promise<Call> {
  const call = new Call();
  call.platform.codecs = codecs;
  prepare(call);
  await call.duet.startLocalVideo();
  await call.enter();
  call.forget();
  return call;
}

/** What the video sections that send are sent as, by the present connection's last answer. */
function sent(call: Call): Array<string | null> {
  const { pc } = call.platform;
  return pc.transceivers.filter((t) => t.kind === 'video' && t.direction === 'sendonly').map((t) => codecOf(pc.answers.at(-1)!, t.mid!));
}

function negotiations(call: Call): number {
  return call.server.asked('negotiate').length;
}

async function told(call: Call, value: 'h264' | null): Promise<void> {
  call.server.notify('videoCodec', { codec: value });
  await settle();
}

describe('the order of codecs', () => {
  it('has every H.264 before VP8 where H.264 is required, baseline first', () => {
    expect(preferredVideoCodecs([VP8, RTX, HIGH, BASELINE])).toEqual([BASELINE, VP8, HIGH, RTX]);
    expect(preferredVideoCodecs([VP8, RTX, HIGH, BASELINE], 'h264')).toEqual([BASELINE, HIGH, VP8, RTX]);
  });

  it('of an offer changes in what is sent, for H.264 that can be fragmented', () => {
    const section = (direction: string): string => [
      'm=video 9 UDP/TLS/RTP/SAVPF 96 97 100 101', `a=mid:${direction}`, `a=${direction}`, 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96',
      'a=rtpmap:100 H264/90000', 'a=fmtp:100 packetization-mode=0;profile-level-id=42e01f', 'a=rtpmap:101 H264/90000',
      'a=fmtp:101 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f', ''].join('\r\n');
    const offer = `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n${section('sendonly')}${section('recvonly')}`;
    const changed = offerH264First(offer);
    expect(changed).toBe(offer.replace('96 97 100 101\r\na=mid:sendonly', '101 96 97 100\r\na=mid:sendonly'));
    expect([codecOf(changed, 'sendonly'), codecOf(changed, 'recvonly'), codecOf(changed, 'a'), codecOf(changed, 'none')]).toEqual(['h264', 'vp8', 'opus', null]);
    expect(offerH264First(changed)).toBe(changed);
  });
});

describe('a room that needs H.264', () => {
  it('gets it from a camera that is sent otherwise, and no longer than it needs it', async () => {
    const call = await sending([VP8, RTX, HIGH]);
    expect(sent(call)).toEqual(['vp8']);
    const track = call.platform.pc.sending('video')[0];
    await told(call, 'h264');
    expect(sent(call)).toEqual(['h264']);
    expect(negotiations(call)).toBe(1);
    await told(call, 'h264');
    expect(negotiations(call)).toBe(1);
    await told(call, null);
    expect(sent(call)).toEqual(['vp8']);
    expect(negotiations(call)).toBe(2);
    // It was one call all the time.
    expect(call.platform.pc.sending('video')[0]).toBe(track);
    expect(call.platform.connections).toHaveLength(1);
    expect(call.heard('connection-state-changed')).toEqual([]);
    expect(call.heard('error')).toEqual([]);
  });

  it('has nothing to ask of a camera that is sent so already', async () => {
    const call = await sending([VP8, RTX, BASELINE]);
    await told(call, 'h264');
    await told(call, null);
    expect(sent(call)).toEqual(['h264']);
    expect(negotiations(call)).toBe(0);
  });

  it('gets it from a screen too, whose section came later', async () => {
    const call = await sending([VP8, RTX, HIGH]);
    await told(call, 'h264');
    await call.duet.startScreenShare();
    expect(sent(call)).toEqual(['h264', 'h264']);
    expect(negotiations(call)).toBe(2);
    await told(call, null);
    expect(sent(call)).toEqual(['vp8', 'vp8']);
  });

  it('gets it from a browser whose order cannot be set', async () => {
    const { setCodecPreferences } = FakeTransceiver.prototype;
    delete (FakeTransceiver.prototype as { setCodecPreferences?: unknown }).setCodecPreferences;
    try {
      const call = await sending([VP8, RTX, UNFRAGMENTED, BASELINE]);
      expect(sent(call)).toEqual(['vp8']);
      await told(call, 'h264');
      expect(sent(call)).toEqual(['h264']);
      await told(call, null);
      expect(sent(call)).toEqual(['vp8']);
    } finally {
      FakeTransceiver.prototype.setCodecPreferences = setCodecPreferences!;
    }
  });

  it('gets it from a browser that has learnt it since', async () => {
    const call = await sending([VP8, RTX]);
    call.platform.codecs = [VP8, RTX, BASELINE];
    await told(call, 'h264');
    expect(sent(call)).toEqual(['h264']);
  });

  it('is not asked in vain by a browser that has none', async () => {
    const call = await sending([VP8, RTX]);
    await told(call, 'h264');
    expect(negotiations(call)).toBe(0);
    expect(sent(call)).toEqual(['vp8']);
  });

  it('may say so right after the entry, before its answer is through, or in it', async () => {
    const early = await sending([VP8, HIGH], ({ server }) => server.on('enter', (params: EnterRequest) => {
      server.notify('videoCodec', { codec: 'h264' });
      return server.enter(params);
    }));
    expect(sent(early)).toEqual(['h264']);
    const within = await sending([VP8, HIGH], ({ server }) => server.on('enter', (params: EnterRequest) => ({ ...server.enter(params), videoCodec: 'h264' })));
    expect(sent(within)).toEqual(['h264']);
    await told(within, null);
    expect(sent(within)).toEqual(['vp8']);
  });

  it('has it at once from the next connection', async () => {
    const call = await sending([VP8, HIGH]);
    await told(call, 'h264');
    call.forget();
    call.server.drop();
    await call.advance(1_000);
    expect(call.server.asked<{ offer: string }>('enter').map(({ offer }) => codecOf(offer, '1'))).toEqual(['h264']);
    expect(negotiations(call)).toBe(0);
    await told(call, null);
    expect(sent(call)).toEqual(['vp8']);
  });

  it('that refuses leaves everything as it was, and the application hears of it', async () => {
    const call = await sending([VP8, HIGH]);
    call.server.on('negotiate', () => new Refusal(-41003, 'rate_limited'));
    await told(call, 'h264');
    expect(call.platform.pc.rolledBack).toBe(1);
    expect(sent(call)).toEqual(['vp8']);
    expect(call.heard('error').map(({ extraCode }) => extraCode)).toEqual([-41003]);
  });

  it('may change its mind while it is being obeyed', async () => {
    const call = await sending([VP8, HIGH]);
    for (const value of ['h264', null, 'h264', null] as const) call.server.notify('videoCodec', { codec: value });
    await settle();
    expect(sent(call)).toEqual(['vp8']);
    for (const value of [null, 'h264'] as const) call.server.notify('videoCodec', { codec: value });
    await settle();
    expect(sent(call)).toEqual(['h264']);
  });

  it('of codecs that nobody knows yet changes nothing', async () => {
    const call = await sending([VP8, HIGH]);
    call.server.raw(JSON.stringify({ jsonrpc: '2.0', method: 'videoCodec', params: { codec: 'av2' } }));
    await settle();
    expect(negotiations(call)).toBe(0);
  });
});
