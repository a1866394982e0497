/** Rooms that never were: impulse responses for audio-reverb-type, made of decaying noise. Pure. */

export interface Reverb {
  /** Seconds until the sound is 60 dB quieter. */
  decay: number;
  /** Seconds until the first reflection. */
  predelay: number;
  /** 0 dark … 1 bright. */
  tone: number;
  /** How much of it is added, 0..1. */
  wet: number;
}

/** By audio-reverb-type; 0 = none. */
export const REVERBS: ReadonlyArray<Reverb | null> = [
  null,
  { decay: 1.2, predelay: 0.03, tone: 0.6, wet: 0.35 }, // KTV
  { decay: 0.4, predelay: 0.005, tone: 0.7, wet: 0.3 }, // small room
  { decay: 2.6, predelay: 0.04, tone: 0.5, wet: 0.45 }, // hall
  { decay: 1.0, predelay: 0.01, tone: 0.15, wet: 0.4 }, // deep
  { decay: 1.8, predelay: 0.06, tone: 0.8, wet: 0.4 }, // resounding
  { decay: 0.6, predelay: 0.002, tone: 1.0, wet: 0.5 }, // metallic
  { decay: 0.8, predelay: 0.015, tone: 0.3, wet: 0.25 }, // magnetic
];

/** Numerical Recipes' linear congruential generator: the same room every time. -1..1 */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x8000_0000 - 1;
  };
}

/** One channel at `sampleRate`, of unit energy, so that all rooms are about as loud. */
export function impulse({ decay, predelay, tone }: Reverb, sampleRate: number): Float32Array<ArrayBuffer> {
  const length = Math.ceil((predelay + decay) * sampleRate);
  const samples = new Float32Array(length);
  const start = Math.floor(predelay * sampleRate);
  const next = noise();
  const rate = Math.log(1000) / (decay * sampleRate); // 60 dB = a factor of 1000
  let low = 0;
  let energy = 0;
  for (let i = start; i < length; i++) {
    low += (next() - low) * (0.05 + 0.95 * tone); // a one-pole low-pass
    const sample = low * Math.exp(-rate * (i - start));
    samples[i] = sample;
    energy += sample * sample;
  }
  const scale = 1 / Math.sqrt(energy);
  for (let i = start; i < length; i++) samples[i]! *= scale;
  return samples;
}
