// What is heard: when a tone changes, and how clean it is.
import { TONES } from './phone.mjs';

export const RATE = 48_000;

/** Amplitude of a frequency in samples[from, to), and what is left when it is taken away (both root mean square). */
export function purity(samples, frequency, from, to) {
  // Least squares of sine and cosine.
  const step = (2 * Math.PI * frequency) / RATE;
  let [ss, cc, sc, sy, cy] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const [s, c] = [Math.sin(step * i), Math.cos(step * i)];
    ss += s * s; cc += c * c; sc += s * c; sy += s * samples[i]; cy += c * samples[i];
  }
  const determinant = ss * cc - sc * sc;
  const [a, b] = [(sy * cc - cy * sc) / determinant, (cy * ss - sy * sc) / determinant];
  let rest = 0;
  for (let i = from; i < to; i++) rest += (samples[i] - a * Math.sin(step * i) - b * Math.cos(step * i)) ** 2;
  return { level: Math.hypot(a, b) / Math.SQRT2, rest: Math.sqrt(rest / (to - from)) };
}

const WINDOW = 240; // 5 ms

/** Where the tone changes between high and low: [{sample, high}]. Exact to a few ms. */
export function flips(samples) {
  const found = [];
  let last = null;
  for (let from = 0; from + 2 * WINDOW <= samples.length; from += WINDOW / 2) {
    const [low, high] = [TONES.low, TONES.high].map((f) => purity(samples, f, from, from + 2 * WINDOW).level);
    if (Math.max(low, high) < 0.02) continue;
    const now = high > low;
    if (last !== null && now !== last) found.push({ sample: from + WINDOW, high: now });
    last = now;
  }
  return found;
}

/**
 * A tone of `frequency`: {hz, level_db, noise_db, clicks, seconds}. `level_db` is its median to full scale, `noise_db` what else there is to the tone (median);
 * clicks are stretches of 20 ms in which something else is louder than a twentieth of the tone.
 */
export function toneReport(samples, frequency) {
  const size = RATE / 50;
  const levels = [];
  const rests = [];
  let clicks = 0;
  for (let from = 0; from + size <= samples.length; from += size) {
    const { level, rest } = purity(samples, frequency, from, from + size);
    levels.push(level);
    rests.push(rest / Math.max(level, 1e-9));
    if (rest > level / 20) clicks++;
  }
  const median = (values) => [...values].sort((x, y) => x - y)[values.length >> 1] ?? 0;
  const db = (ratio) => Math.round(200 * Math.log10(Math.max(ratio, 1e-9))) / 10;
  return { hz: strongest(samples, frequency), level_db: db(median(levels) * Math.SQRT2), noise_db: db(median(rests)), clicks, seconds: Math.round(samples.length / RATE) };
}

/** The frequency near `frequency` that fits best, to 0.5 Hz, over half a second in the middle. */
function strongest(samples, frequency) {
  const from = samples.length >> 1;
  let best = { hz: 0, level: 0 };
  for (let hz = frequency - 20; hz <= frequency + 20; hz += 0.5) {
    const { level } = purity(samples, hz, from, Math.min(samples.length, from + RATE / 2));
    if (level > best.level) best = { hz, level };
  }
  return best.hz;
}
