/**
 * How long sound is kept before it is played where much of it has to be made up, in ms.
 *
 * A browser keeps sound as long as its packets usually vary, but for the last few in a hundred. Where a packet is lost on the way to the
 * server and so is its copy in the next one, it comes a round of asking later than all others: at 10 % loss one in a hundred, each of
 * them a gap. Nothing tells of these losses at this end, so it is the gaps themselves that are counted: while there are too many, sound
 * is kept longer, step by step, and shorter again after a time without.
 */

export interface SoundSample {
  mid: string;
  /** Share of the samples that were made up in place of others, 0 to 1; null = too few to tell. */
  madeUp: number | null;
  /** ms that the browser means to keep sound at the moment. */
  kept_ms: number;
}

export const LONGEST_SOUND_MS = 200;
const TOO_MUCH = 0.006;
const LITTLE = 0.0015;
/** More in one report is a pause of the network, which keeping sound would not help against. */
const MOST = 0.01;
const WEIGHT = 0.3;
const STEP_MS = 30;
/** Reports, of 2 s each. */
const CALM = 10;

export class SteadySound {
  #share = 0;
  #calm = 0;
  #delay_ms: number | null = null;

  /** With each report of a connection, every 2 s. null = as the browser thinks. */
  next({ madeUp, kept_ms }: Omit<SoundSample, 'mid'>): number | null {
    if (madeUp === null) return this.#delay_ms;
    this.#share += WEIGHT * (Math.min(madeUp, MOST) - this.#share);
    this.#calm = this.#share < LITTLE ? this.#calm + 1 : 0;
    if (this.#share > TOO_MUCH) {
      this.#delay_ms = Math.min(LONGEST_SOUND_MS, Math.max(this.#delay_ms ?? 0, Math.round(kept_ms)) + STEP_MS);
      this.#share = TOO_MUCH / 2; // what comes now tells of the new delay
    } else if (this.#delay_ms !== null && this.#calm >= CALM) {
      this.#calm = 0;
      this.#delay_ms = this.#delay_ms > 2 * STEP_MS ? this.#delay_ms - STEP_MS : null;
    }
    return this.#delay_ms;
  }
}
