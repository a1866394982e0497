import { describe, expect, it } from 'vitest';
import { layout, ridsToOffer } from '../src/media/layers.js';
import { summarise } from '../src/media/stats.js';
import type { Encoding } from '../src/media/transport.js';
import type { EnterRoomParams, LocalVideoOption } from '../src/types.js';
import { Call, callWithBob } from './fakes/call.js';
import { settle } from './fakes/time.js';

const HD = { width: 1280, height: 720 };
const VGA = { width: 640, height: 480 };
const PHONE = { width: 360, height: 640 };
const SD = { width: 480, height: 270 };
const TINY = { width: 320, height: 240 };
const THUMB = { width: 160, height: 120, frameRate: 15, bitrate: 200 };

describe('what is offered', () => {
  it.each<[string, Encoding | null, boolean, string[]]>([
    ['a large camera in a group', { bitrate: 1500, size: HD }, true, ['q', 'h', 'f']],
    ['a usual camera in a group', { bitrate: 900, size: VGA }, true, ['h', 'f']],
    ['a phone upright in a group', { bitrate: 800, size: PHONE }, true, ['h', 'f']],
    ['a camera not yet started in a group', null, true, ['h', 'f']],
    ['a low camera in a group', { bitrate: 350, size: SD }, true, []],
    ['a low camera that is asked for', { bitrate: 350, size: SD, small: true }, true, ['h', 'f']],
    ['a tiny one that is asked for', { bitrate: 300, size: TINY, small: true }, true, []],
    ['what is not wanted', { bitrate: 1500, size: HD, small: false }, true, []],
    ['a pair', { bitrate: 1500, size: HD }, false, []],
    ['a pair, not yet started', null, false, []],
    ['a pair, asked for', { bitrate: 900, size: VGA, small: true }, false, ['h', 'f']],
    ['a size of its own', { bitrate: 900, size: VGA, small: THUMB }, false, ['q', 'f']],
    ['a size of its own, nearer to half', { bitrate: 900, size: PHONE, small: THUMB }, false, ['q', 'f']],
    ['half of it', { bitrate: 900, size: VGA, small: { ...THUMB, width: 320, height: 240 } }, false, ['h', 'f']],
  ])('of %s', (_name, encoding, group, rids) => {
    expect(ridsToOffer(encoding, group)).toEqual(rids);
  });
});

describe('what each encoding sends', () => {
  /** active encodings as [rid, scale, kbit/s] */
  function sent(rids: string[], encoding: Encoding, needed: string[] | null = null, limit = 0): unknown[] {
    return layout(rids, encoding, needed && new Set(needed), limit)
      .map((s, i) => [rids[i], s.scaleResolutionDownBy, s.maxBitrate, s.active]).filter((s) => s[3]).map((s) => s.slice(0, 3));
  }
  const hd: Encoding = { bitrate: 1500, size: HD };
  const vga: Encoding = { bitrate: 900, size: VGA };
  const three = ['q', 'h', 'f'];

  it('half the size for a third of the bits', () => {
    expect(sent(three, hd)).toEqual([['q', 4, 188], ['h', 2, 530], ['f', 1, 1500]]);
    expect(sent(['h', 'f'], vga)).toEqual([['h', 2, 318], ['f', 1, 900]]);
  });

  it.each<[string[], unknown[]]>([
    [['q', 'h'], [['q', 4, 188], ['h', 2, 530]]],
    [['f'], [['f', 1, 1500]]],
    [['f', 'x', '__proto__'], [['f', 1, 1500]]],
    [['x'], [['q', 4, 188]]],
    [[], [['q', 4, 188]]],
  ])('only what is needed: %j', (needed, expected) => {
    expect(sent(three, hd, needed)).toEqual(expected);
  });

  it.each([
    [2000, [188, 530, 1282]], [800, [188, 530, 82]], [300, [188, 62, 50]], [10, [50, 50, 50]],
  ])('a limit of %i takes from the largest first, and leaves something to each', (limit, kbps) => {
    expect(sent(three, hd, null, limit).map((s) => (s as number[])[2])).toEqual(kbps);
  });

  it('a limit counts only for what is sent', () => {
    expect(sent(three, hd, ['f'], 700)).toEqual([['f', 1, 700]]);
    expect(sent([''], vga, null, 700)).toEqual([['', 1, 700]]);
    expect(sent([''], vga, null, 1000)).toEqual([['', 1, 900]]);
  });

  it('the one encoding that an answer without simulcast left is the whole picture', () => {
    expect(layout(['q'], hd, new Set(['h']), 0)).toEqual([{ active: true, scaleResolutionDownBy: 1, maxBitrate: 1500 }]);
  });

  it('a picture that became too small for all of them is sent in fewer, the largest among them', () => {
    expect(sent(three, vga)).toEqual([['h', 2, 318], ['f', 1, 900]]);
    expect(sent(three, { bitrate: 400, size: TINY })).toEqual([['f', 1, 400]]);
    expect(sent(['h', 'f'], { bitrate: 400, size: TINY }, ['h'])).toEqual([['f', 1, 400]]);
    expect(sent(three, { ...hd, small: false })).toEqual([['f', 1, 1500]]);
  });

  it('is bounded by its size as well, where that is known, unless it is the only one', () => {
    expect(layout(three, hd, null, 0).map((s) => s.scaleResolutionDownTo)).toEqual([
      { maxWidth: 320, maxHeight: 180 }, { maxWidth: 640, maxHeight: 360 }, { maxWidth: 1280, maxHeight: 720 }]);
    expect(layout(three, { bitrate: 1500 }, null, 0).map((s) => s.scaleResolutionDownTo)).toEqual([undefined, undefined, undefined]);
    expect(layout([''], hd, null, 0)[0]!.scaleResolutionDownTo).toBe(undefined);
  });

  it('a small picture of the app\'s size, whichever way the phone is held', () => {
    expect(sent(['q', 'f'], { ...vga, small: THUMB })).toEqual([['q', 4, 200], ['f', 1, 900]]);
    expect(sent(['q', 'f'], { bitrate: 800, size: PHONE, small: THUMB })).toEqual([['q', 4, 200], ['f', 1, 800]]);
  });
});

const GROUP: Partial<EnterRoomParams> = { template: 'grid' };

async function sending(option: LocalVideoOption = {}, params = GROUP, call = new Call()): Promise<Call> {
  await call.duet.startLocalVideo({ option });
  await call.enter(params);
  return call;
}

function encodings(call: Call): unknown[] {
  return call.platform.pc.at('1').sender.parameters.encodings
    .map((e) => [e.rid, e.active, e.scaleResolutionDownBy, e.maxBitrate]);
}

describe('a camera in a room', () => {
  it('for many is offered in two sizes, and says which are sent', async () => {
    const call = await sending();
    expect(encodings(call)).toEqual([['h', true, 2, 318_000], ['f', true, 1, 900_000]]);
  });

  it('sends what the server names, beside limits and other changes', async () => {
    const call = await sending();
    call.server.notify('layers', { stream: 'main', active: ['h'] });
    call.server.notify('bitrateLimit', { stream: 'main', maxBitrate: 200 });
    await settle();
    expect(encodings(call)).toEqual([['h', true, 2, 200_000], ['f', false, 1, 900_000]]);
    call.server.notify('layers', { stream: 'aux', active: [] }); // of a stream that is not sent
    call.server.notify('layers', { stream: 'main', active: ['h', 'f'] });
    call.server.notify('bitrateLimit', { stream: 'main', maxBitrate: 0 });
    await settle();
    expect(encodings(call)).toEqual([['h', true, 2, 318_000], ['f', true, 1, 900_000]]);
    call.server.notify('layers', { stream: 'main', active: ['f'] });
    await call.duet.updateLocalVideo({ option: { profile: '360p' } });
    expect(encodings(call)).toEqual([['h', false, 2, 283_000], ['f', true, 1, 800_000]]);
  });

  it('starts with all of them on the next connection', async () => {
    const call = await sending();
    call.server.notify('layers', { stream: 'main', active: ['h'] });
    await settle();
    call.server.drop();
    await call.advance(1_000);
    expect(encodings(call).map((e) => (e as unknown[])[1])).toEqual([true, false]); // only the socket was lost
    call.platform.pc.become('failed');
    await call.advance(1_000);
    expect(encodings(call).map((e) => (e as unknown[])[1])).toEqual([true, true]);
  });

  it('of a server without simulcast is sent whole', async () => {
    const call = new Call();
    call.platform.simulcast = false;
    await sending({ small: true }, GROUP, call);
    expect(encodings(call)).toEqual([['h', true, 1, 900_000]]);
    await call.advance(10_000);
    expect(call.server.asked('enter')).toHaveLength(1); // another connection would be no better
  });

  it('started after entering has its small picture too', async () => {
    const call = new Call();
    await call.enter(GROUP);
    await call.duet.startLocalVideo();
    expect(encodings(call)).toEqual([['h', true, 2, 318_000], ['f', true, 1, 900_000]]);
    expect(call.server.asked('negotiate')).toEqual([]);
  });

  it('is sent in one size to a single partner, until the app wants a small one', async () => {
    const call = await sending({}, { template: '1v1' });
    expect(encodings(call)).toEqual([[undefined, true, 1, 900_000]]);
    call.forget();
    await call.duet.updateLocalVideo({ option: { small: '120p' } });
    await settle();
    expect(encodings(call)).toEqual([['q', true, 4, 200_000], ['f', true, 1, 900_000]]);
    expect(call.server.asked<{ resume: string }>('enter').map((e) => e.resume)).toEqual([expect.stringMatching(/^resume-/)]);
    expect(call.heard('connection-state-changed').map((e) => [e.state, e.reason])).toEqual([
      ['RECONNECTING', 'small'], ['CONNECTED', undefined]]);
    call.forget();
    await call.duet.updateLocalVideo({ option: { small: false } });
    await call.duet.updateLocalVideo({ option: { small: true } });
    expect(call.server.asked('enter')).toEqual([]);
    expect(encodings(call)).toEqual([['q', true, 4, 113_000], ['f', true, 1, 900_000]]);
  });

  it('a small size that does not exist is an error before the camera is opened', async () => {
    const call = new Call();
    await expect(call.duet.startLocalVideo({ option: { small: '7p' as '120p' } })).rejects.toMatchObject({ code: 5000 });
    expect(call.platform.captures).toEqual([]);
  });

  it('shared screens come in one size', async () => {
    const call = await sending();
    await call.duet.startScreenShare();
    expect(call.platform.pc.transceivers.filter((t) => t.direction === 'sendonly' && t.kind === 'video')
      .map((t) => t.sender.parameters.encodings.length)).toEqual([2, 1]);
  });
});

describe('the size that is received', () => {
  const video = { userId: 'bob', stream: 'main', kind: 'video' };

  it('is asked for with the picture, and again when it changes', async () => {
    const call = await callWithBob(GROUP);
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { small: true } });
    expect(call.server.asked('subscribe')).toEqual([]); // not wanted yet
    await call.duet.startRemoteVideo({ userId: 'bob' });
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { small: false } });
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { fillMode: 'contain' } });
    expect(call.server.asked('subscribe')).toEqual([{ ...video, quality: 'small' }, { ...video, quality: 'main' }]);
  });

  it('is asked for again after the server was restarted', async () => {
    const call = await callWithBob(GROUP);
    await call.duet.startRemoteVideo({ userId: 'bob', option: { small: true } });
    call.forget();
    call.server.forget();
    call.server.drop();
    await call.advance(1_000);
    expect(call.server.asked('subscribe')).toEqual([{ ...video, quality: 'small' }]);
  });

  it('is told in the statistics', async () => {
    const call = await callWithBob(GROUP);
    await call.duet.startRemoteVideo({ userId: 'bob', option: { small: true } });
    const mid = call.server.slots.find((s) => s.kind === 'video')!.mid;
    call.platform.pc.stats = [{ id: 'V', type: 'inbound-rtp', mid, timestamp: 0, frameWidth: 320, frameHeight: 240 }];
    await call.advance(2_000);
    await call.duet.updateRemoteVideo({ userId: 'bob', option: { small: false } });
    await call.advance(2_000);
    expect(call.heard('statistics').map((s) => s.remoteStatistics[0]!.video[0]!.videoType)).toEqual(['small', 'big']);
  });
});

describe('statistics of what is sent', () => {
  const names = { remote: () => undefined, own: (mid: string) => (mid === '1' ? { stream: 'main', kind: 'video' } as const : undefined) };
  const entry = (rid: string | undefined, active = true): { id: string; type: string; timestamp: number } => ({
    id: `O${rid}`, type: 'outbound-rtp', timestamp: 0, ...{ mid: '1', active, frameWidth: rid === 'f' ? 640 : 320, ...(rid ? { rid } : {}) } });
  it.each([
    ['all', [entry('h'), entry('f'), entry('q')], ['big', 'small', 'small']],
    ['only the small one', [entry('h'), entry('f', false)], ['small']],
    ['the only one that an answer left', [entry('q')], ['big']],
    ['one without a name, switched off', [entry(undefined, false)], ['big']],
  ])('%s', (_name, entries, types) => {
    expect(summarise([], entries, names).localStatistics.video.map((v) => v.videoType)).toEqual(types);
  });
});
