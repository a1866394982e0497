import { describe, expect, it } from 'vitest';
import { LONGEST_MS, SteadyPlayout } from '../src/media/steady-playout.js';
import { Call } from './fakes/call.js';

function delays(samples: { rtt?: number; repeated: number | null }[]): (number | null)[] {
  const playout = new SteadyPlayout();
  return samples.map((sample) => playout.next({ rtt: 40, ...sample }));
}
const times = <T>(count: number, sample: T): T[] => Array<T>(count).fill(sample);

describe('how long pictures are kept', () => {
  it('is the browser\'s affair while little is repeated', () => {
    expect(delays(times(10, { repeated: 0.05 }))).toEqual(times(10, null));
  });

  it('covers the rounds that a share of losses needs', () => {
    expect(delays(times(12, { repeated: 0.1 })).at(-1)).toBeLessThan(100);
    const kept = delays(times(12, { repeated: 0.3 })).at(-1);
    expect(kept).toBeGreaterThan(220);
    expect(kept).toBeLessThan(320);
  });

  it('is longer on a long way, and has a limit', () => {
    expect(delays(times(12, { rtt: 20, repeated: 0.3 })).at(-1)).toBeLessThan(delays(times(12, { rtt: 40, repeated: 0.3 })).at(-1)!);
    expect(delays(times(12, { rtt: 300, repeated: 0.5 })).at(-1)).toBe(LONGEST_MS);
  });

  it('does not change for little', () => {
    const samples = Array.from({ length: 30 }, (_, i) => ({ repeated: i % 2 ? 0.31 : 0.29 }));
    expect(new Set(delays(samples).slice(10)).size).toBe(1);
  });

  it('ends some seconds after the losses', () => {
    const now = delays([...times(6, { repeated: 0.3 }), ...times(6, { repeated: 0 })]);
    expect(now[6]).not.toBeNull();
    expect(now.at(-1)).toBeNull();
  });

  it('stays as it is while too little arrives to tell', () => {
    const now = delays([...times(6, { repeated: 0.3 }), ...times(3, { repeated: null })]);
    expect(now.slice(5)).toEqual(times(4, now[5]));
  });
});

describe('in a call', () => {
  let [received, repeated] = [0, 0];
  const stats = (mid: string, share: number): object[] => [
    { id: 'T', type: 'transport', timestamp: 1, selectedCandidatePairId: 'P' },
    { id: 'P', type: 'candidate-pair', timestamp: 1, currentRoundTripTime: 0.04 },
    { id: 'V', type: 'inbound-rtp', kind: 'video', mid, timestamp: 1, packetsReceived: (received += 100), retransmittedPacketsReceived: (repeated += 100 * share) },
  ];

  it('the slot of a picture follows what is repeated there, and what the user asked for is the least', async () => {
    const call = new Call();
    await call.enter();
    const [pc] = call.platform.connections;
    const slot = pc!.transceivers.filter(({ receiver }) => receiver.track.kind === 'video').at(-1)!;
    const pass = async (share: number, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        pc!.stats = stats(slot.mid!, share);
        await call.advance(2_000);
      }
    };
    call.server.notify('slots', { slots: [{ mid: slot.mid!, userId: 'bob', stream: 'main', kind: 'video' }] });
    await pass(0.3, 6);
    expect(slot.receiver.jitterBufferTarget).toBeGreaterThan(200);
    call.duet.setRemotePlayoutDelay('bob', 500);
    await call.advance(0);
    expect(slot.receiver.jitterBufferTarget).toBe(500);
    call.duet.setRemotePlayoutDelay('bob', 100);
    await call.advance(0);
    expect(slot.receiver.jitterBufferTarget).toBeGreaterThan(200);
    await pass(0, 6);
    expect(slot.receiver.jitterBufferTarget).toBe(100);
    call.duet.setRemotePlayoutDelay('bob', null);
    await call.advance(0);
    expect(slot.receiver.jitterBufferTarget ?? null).toBeNull();
  });
});
