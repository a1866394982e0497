import { describe, expect, it } from 'vitest';
import { LONGEST_SOUND_MS, SteadySound } from '../src/media/steady-sound.js';
import { Call } from './fakes/call.js';

function delays(madeUp: (number | null)[], kept_ms = 60): (number | null)[] {
  const sound = new SteadySound();
  return madeUp.map((share) => sound.next({ madeUp: share, kept_ms }));
}
const times = <T>(count: number, sample: T): T[] => Array<T>(count).fill(sample);

describe('how long sound is kept', () => {
  it('is the browser\'s affair while little is made up', () => {
    expect(delays(times(20, 0.004))).toEqual(times(20, null));
  });

  it('does not follow a single pause, however long', () => {
    expect(delays([0, 0, 0.9, 0, 0, 0, 0])).toEqual(times(7, null));
    expect(delays([0, 0, 0.9, 0.9, 0, 0, 0])).toEqual(times(7, null));
    expect(delays([...times(10, 0.004), 0.9, ...times(10, 0.004)])).toEqual(times(21, null));
  });

  it('grows from what the browser keeps while too much is made up, and has a limit', () => {
    const now = delays(times(60, 0.012));
    expect(now.find((ms) => ms !== null)).toBe(90);
    expect(now.at(-1)).toBe(LONGEST_SOUND_MS);
  });

  it('stays where little enough is made up', () => {
    const now = delays([...times(5, 0.012), ...times(60, 0.003)]);
    expect(now.at(-1)).toBe(now[5]);
    expect(now.at(-1)).not.toBeNull();
  });

  it('shrinks to the browser\'s own after a time without', () => {
    const now = delays([...times(60, 0.02), ...times(100, 0)]);
    expect(now.slice(60, 68)).toEqual(times(8, LONGEST_SOUND_MS));
    expect(now.at(-1)).toBeNull();
  });

  it('stays as it is while nothing arrives', () => {
    const now = delays([...times(8, 0.02), ...times(3, null)]);
    expect(now.slice(7)).toEqual(times(4, now[7]));
  });
});

describe('in a call', () => {
  it('the slot of a voice follows what is made up there, silence apart', async () => {
    const call = new Call();
    await call.enter();
    const [pc] = call.platform.connections;
    const slot = pc!.transceivers.filter(({ receiver }) => receiver.track.kind === 'audio').at(-1)!;
    let [played, madeUp, silent, emitted] = [0, 0, 0, 0];
    const pass = async (share: number, silence: number, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        pc!.stats = [{
          id: 'A', type: 'inbound-rtp', kind: 'audio', mid: slot.mid!, timestamp: 1, packetsReceived: (emitted += 96_000) / 960, totalSamplesReceived: (played += 96_000),
          concealedSamples: (madeUp += 96_000 * (share + silence)), silentConcealedSamples: (silent += 96_000 * silence),
          jitterBufferEmittedCount: emitted, jitterBufferTargetDelay: emitted * 0.05,
        }];
        await call.advance(2_000);
      }
    };
    await pass(0, 0.5, 6);
    expect(slot.receiver.jitterBufferTarget ?? null).toBeNull();
    await pass(0.012, 0, 4);
    expect(slot.receiver.jitterBufferTarget).toBe(80);
  });
});
