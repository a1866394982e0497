import { describe, expect, it } from 'vitest';
import { impulse, REVERBS } from '../src/media/reverb.js';
import { tintOf } from '../src/media/tints.js';

describe('reverb', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('%i has unit energy, begins late, and is 60 dB down at its end', (type) => {
    const reverb = REVERBS[type]!;
    const samples = impulse(reverb, 8_000);
    const energy = (from: number, to: number): number => samples.slice(from, to).reduce((sum, v) => sum + v * v, 0);
    expect(energy(0, samples.length)).toBeCloseTo(1, 4);
    const start = Math.floor(reverb.predelay * 8_000);
    expect(energy(0, start)).toBe(0);
    const window = Math.floor(reverb.decay * 400);
    const drop = 10 * Math.log10(energy(start, start + window) / energy(samples.length - window, samples.length));
    expect(drop).toBeGreaterThan(48); // the windows' middles are 0.95 of the decay apart
    expect(drop).toBeLessThan(66);
  });

  it('is the same room every time', () => {
    expect(impulse(REVERBS[2]!, 8_000)).toEqual(impulse(REVERBS[2]!, 8_000));
  });
});

describe('tints', () => {
  it('standard changes nothing, nor does a name that is not known', () => {
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    expect(tintOf('standard')).toEqual(identity);
    expect(tintOf('constructor')).toEqual(identity);
  });

  it('are in column order', () => {
    expect(tintOf('nostalgia').slice(0, 3)).toEqual([0.6, 0.3, 0.25]);
  });
});
