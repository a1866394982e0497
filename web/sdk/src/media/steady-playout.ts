/**
 * How long pictures are kept before they are shown where many packets have to be sent again, in ms.
 *
 * A browser keeps a picture as long as packets usually vary, and once more the way there and back. Where many are lost, a picture waits
 * for several rounds of asking and sending again, and so do those behind it: then they all come at once, and a screen shows the last of
 * them. Kept long enough, they are shown one after the other. Sound follows by itself: browsers keep the two together.
 *
 * A packet that is lost (a share p of them) has arrived after k rounds unless each question or its answer was lost, too:
 * p (1 - (1 - p)^2)^k. Of a picture of some eight packets, nine in ten shall be whole in time.
 */

export interface DownlinkSample {
  mid: string;
  /** ms; 0 = not known */
  rtt: number;
  /** Share of the packets that were sent again, 0 to 1; null = too few to tell. */
  repeated: number | null;
}

export const LONGEST_MS = 300;
const LOSSY = 0.08;
const CLEAN = 0.03;
const LATE_PACKETS = 0.013;
/** A receiver asks at its own pace, not at once. */
const ROUND_MS = 20;
const WEIGHT = 0.5;
/** Less is no reason to change what is shown at the moment. */
const STEP_MS = 40;

export class SteadyPlayout {
  #share = 0;
  #delay_ms: number | null = null;

  /** With each report of a connection, every 2 s. null = as the browser thinks. */
  next({ rtt, repeated }: Omit<DownlinkSample, 'mid'>): number | null {
    if (repeated === null) return this.#delay_ms;
    this.#share += WEIGHT * (Math.min(repeated, 0.9) - this.#share);
    if (this.#share < (this.#delay_ms === null ? LOSSY : CLEAN)) return (this.#delay_ms = null);
    const rounds = Math.log(LATE_PACKETS / this.#share) / Math.log(1 - (1 - this.#share) ** 2);
    const wanted_ms = Math.min(LONGEST_MS, Math.round(rounds * (rtt + ROUND_MS)));
    if (this.#delay_ms === null || Math.abs(wanted_ms - this.#delay_ms) >= STEP_MS) this.#delay_ms = wanted_ms;
    return this.#delay_ms;
  }
}
