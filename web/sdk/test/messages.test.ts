import { describe, expect, it } from 'vitest';
import { ERROR_CODE } from '../src/errors.js';
import type { CustomMessage } from '../src/types.js';
import { Call, callWithBob } from './fakes/call.js';
import { Refusal } from './fakes/server.js';
import { settle } from './fakes/time.js';

function bytes(...values: number[]): ArrayBuffer {
  return new Uint8Array(values).buffer;
}

describe('custom messages', () => {
  it('go out in base64, to all or to one', async () => {
    const call = await callWithBob();
    call.duet.sendCustomMessage({ cmdId: 1, data: bytes(0, 255, 128) });
    call.duet.sendCustomMessage({ cmdId: 10, data: bytes(), to: 'bob' });
    await settle();
    expect(call.server.asked('message')).toEqual([
      { cmdId: 1, data: 'AP+A' }, { cmdId: 10, data: '', to: 'bob' }]);
  });

  it('arrive as bytes', async () => {
    const call = await callWithBob();
    call.server.notify('message', { userId: 'bob', cmdId: 2, seq: 7, data: 'AP+A' });
    call.server.notify('message', { userId: 'bob', cmdId: 2, seq: 8, data: '*not base64*' });
    const [message, ...others] = call.heard('custom-message');
    expect(others).toEqual([]);
    expect(message).toMatchObject({ userId: 'bob', cmdId: 2, seq: 7 });
    expect([...new Uint8Array(message!.data)]).toEqual([0, 255, 128]);
  });

  it.each<[CustomMessage]>([
    [{ cmdId: 0, data: bytes(1) }], [{ cmdId: 11, data: bytes(1) }], [{ cmdId: 1.5, data: bytes(1) }],
    [{ cmdId: 1, data: new ArrayBuffer(1025) }], [{ cmdId: 1, data: 'text' as unknown as ArrayBuffer }],
    [{ cmdId: 1, data: bytes(1), to: '' }],
  ])('refuses %j', async (message) => {
    const call = await callWithBob();
    expect(() => call.duet.sendCustomMessage(message)).toThrowError(
      expect.objectContaining({ code: ERROR_CODE.INVALID_PARAMETER, functionName: 'sendCustomMessage' }));
    await settle();
    expect(call.server.asked('message')).toEqual([]);
  });

  it('outside a room or without connection are refused', async () => {
    const call = new Call();
    const refused = expect.objectContaining({ code: ERROR_CODE.INVALID_OPERATION });
    expect(() => call.duet.sendCustomMessage({ cmdId: 1, data: bytes(1) })).toThrowError(refused);
    await call.enter();
    call.server.drop();
    expect(() => call.duet.sendCustomMessage({ cmdId: 1, data: bytes(1) })).toThrowError(refused);
  });

  it('are at most 30 in any second', async () => {
    const call = await callWithBob();
    const send = (): void => call.duet.sendCustomMessage({ cmdId: 1, data: bytes(1) });
    for (let i = 0; i < 30; i++) send();
    expect(send).toThrowError(/too many/);
    await call.advance(999);
    expect(send).toThrowError(/too many/);
    await call.advance(1);
    send();
    await settle();
    expect(call.server.asked('message')).toHaveLength(31);
  });

  it('are at most 8 KiB in any second', async () => {
    const call = await callWithBob();
    for (let i = 0; i < 8; i++) call.duet.sendCustomMessage({ cmdId: 1, data: new ArrayBuffer(1024) });
    expect(() => call.duet.sendCustomMessage({ cmdId: 1, data: bytes(1) })).toThrowError(/too many/);
  });

  it('refused by the server come back as an event', async () => {
    const call = await callWithBob();
    call.server.on('message', () => new Refusal(-41005, 'member_not_found'));
    call.duet.sendCustomMessage({ cmdId: 1, data: bytes(1), to: 'nobody' });
    await settle();
    expect(call.heard('error')).toEqual([expect.objectContaining({
      code: ERROR_CODE.SERVER_ERROR, extraCode: -41005, functionName: 'sendCustomMessage',
    })]);
  });
});

describe('handlers', () => {
  it('get their context, can be removed, and do not disturb each other', async () => {
    const call = new Call();
    const heard: unknown[] = [];
    const context = { name: 'context' };
    function handler(this: unknown): void {
      heard.push(this);
    }
    const broken = (): void => {
      throw new Error('a broken handler');
    };
    const original = console.error;
    const complaints: unknown[] = [];
    console.error = (...args: unknown[]) => complaints.push(args);
    try {
      call.duet.on('connection-state-changed', broken).on('connection-state-changed', handler, context);
      await call.enter();
      expect(heard).toEqual([context, context]);
      expect(complaints).toHaveLength(2);
      call.duet.off('connection-state-changed', handler); // other context: still there
      call.duet.off('connection-state-changed', broken);
      await call.duet.exitRoom();
      expect(heard).toHaveLength(3);
      call.duet.off('connection-state-changed', handler, context);
      await call.enter();
      expect(heard).toHaveLength(3);
      call.duet.off('*');
      call.forget();
      await call.duet.exitRoom();
      expect(call.log).toEqual([]);
    } finally {
      console.error = original;
    }
  });
});

describe('speakers', () => {
  it('that the server names are the volumes of the others, also of those that are not received', async () => {
    const call = await callWithBob();
    call.duet.enableAudioVolumeEvaluation(200);
    await call.duet.startLocalAudio();
    call.platform.level = 0.1;
    const mid = call.server.slots.find((s) => s.kind === 'audio')!.mid;
    const voice = { id: 'A', type: 'inbound-rtp', kind: 'audio', mid, timestamp: 0 };
    const spoke = (seconds: number): void => {
      call.platform.pc.stats = [{ ...voice, totalAudioEnergy: seconds, totalSamplesDuration: seconds }];
    };
    const volumes = async (): Promise<unknown> => {
      spoke(0);
      await call.advance(200);
      spoke(1);
      await call.advance(200);
      return call.heard('audio-volume').at(-1)!.result.map((r) => [r.userId, r.volume]);
    };
    expect(await volumes()).toEqual([['bob', 100], ['', 60]]); // as measured here
    call.server.notify('speakers', { speakers: [{ userId: 'carol', level: 70 }, { userId: 'bob', level: 40 }, { userId: 'alice', level: 99 }] });
    expect(await volumes()).toEqual([['carol', 70], ['', 60], ['bob', 40]]); // the own voice as measured here
    call.server.notify('speakers', { speakers: [{ userId: 'carol', level: 170 }] });
    expect(await volumes()).toEqual([['carol', 100], ['', 60], ['bob', 0]]); // who is missing is silent
    call.server.drop();
    await call.advance(1_000);
    expect(await volumes()).toEqual([['bob', 100], ['', 60]]); // what was said before the loss is no news
  });
});

describe('measurements', () => {
  it('come every 2 s while in a room, the server\'s view merged in', async () => {
    const call = await callWithBob();
    call.platform.pc.stats = [
      { id: 'T', type: 'transport', timestamp: 0, selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', timestamp: 0, currentRoundTripTime: 0.05, bytesSent: 10, bytesReceived: 20 },
    ];
    call.server.notify('quality', { uplink: 3, downlink: 1, members: [{ userId: 'bob', uplink: 2, downlink: 9 }] });
    await call.advance(4_000);
    expect(call.heard('statistics')).toHaveLength(2);
    expect(call.heard('statistics')[0]).toMatchObject({ rtt: 50, bytesSent: 10, bytesReceived: 20 });
    expect(call.heard('network-quality')[0]).toEqual({
      uplinkNetworkQuality: 3, downlinkNetworkQuality: 1, uplinkRTT: 50, downlinkRTT: 50, uplinkLoss: 0, downlinkLoss: 0,
      members: [{ userId: 'bob', uplink: 2, downlink: 0 }],
    });
    expect(await call.duet.getPeerConnectionStats()).toHaveLength(2);
    call.server.up = false;
    call.server.drop();
    await call.advance(2_000);
    expect(call.heard('network-quality').at(-1)).toMatchObject({ uplinkNetworkQuality: 6, downlinkNetworkQuality: 6 });
    await call.duet.exitRoom();
    call.forget();
    await call.advance(10_000);
    expect(call.heard('statistics')).toEqual([]);
    expect(await call.duet.getPeerConnectionStats()).toEqual([]);
  });

  it('of volumes come as often as asked for, loudest first, also before a room', async () => {
    const call = new Call();
    call.duet.enableAudioVolumeEvaluation(10); // raised to 100 ms
    await call.duet.startLocalAudio();
    call.platform.level = 0.1;
    await call.advance(300);
    expect(call.heard('audio-volume')).toHaveLength(3);
    expect(call.heard('audio-volume')[0]!.result).toEqual([{ userId: '', volume: 60, floatVolume: 60 }]);

    await call.enter();
    call.server.join('bob');
    call.server.publishes('bob', 'main', { audio: true });
    const voice = { id: 'A', type: 'inbound-rtp', kind: 'audio', mid: '2', timestamp: 0 };
    call.platform.pc.stats = [{ ...voice, totalAudioEnergy: 0, totalSamplesDuration: 0 }];
    await call.advance(100);
    call.platform.pc.stats = [{ ...voice, totalAudioEnergy: 0.1, totalSamplesDuration: 0.1 }];
    await call.advance(100);
    expect(call.heard('audio-volume').at(-1)!.result.map((r) => [r.userId, r.volume])).toEqual([['bob', 100], ['', 60]]);

    call.platform.hidden = true;
    call.forget();
    await call.advance(1_000);
    expect(call.heard('audio-volume')).toEqual([]);
    call.platform.hidden = false;
    call.duet.enableAudioVolumeEvaluation(0);
    await call.advance(1_000);
    expect(call.heard('audio-volume')).toEqual([]);
  });
});
