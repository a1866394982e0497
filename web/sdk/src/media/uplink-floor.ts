/**
 * What a browser's own estimate of its uplink may not fall below, in kbit/s.
 *
 * Chromium takes every loss for one that it has made itself by sending too much. Where packets are lost by chance - a radio at its
 * edge - sending less changes nothing, and the estimate falls until the picture stands still. So while much is lost, the way there and
 * back is as short as ever (nothing waits in a queue, so there is room), and little is left of the estimate, it is held up. It is let
 * go at once when a queue grows, when more is lost since more is sent (somebody drops what is above a rate), and when the losses are over.
 */

export interface UplinkSample {
  /** ms; 0 = not known */
  rtt: number;
  /** % of the pictures' packets; null = too few to tell */
  loss: number | null;
  /** kbit/s, the browser's estimate; null = it does not say */
  available: number | null;
  /** The estimate is what keeps a picture from being better. */
  limited: boolean;
}

export const FLOOR_KBPS = 500;
const LOSS_PERCENT = 10;
const CLEAN_PERCENT = 4;
/** What chance loses does not grow with what is sent; two samples of some 60 packets each are rarely both so far off. */
const MORE_PERCENT = 15;
const SHORT_QUEUE_MS = 150;
const LONG_QUEUE_MS = 300;
const LOSSY_SAMPLES = 2;
const CLEAN_SAMPLES = 5;
/** After it has done harm: the next trial waits for so many samples. */
const PENALTY_SAMPLES = 15;
/** As much as with the floor is lost without it, so often: sending less did not help, so sending more was no harm. */
const SAME_SAMPLES = 3;
const SAME_PERCENT = 8;

export class UplinkFloor {
  #shortest_ms = Infinity;
  #lossy = 0;
  #clean = 0;
  #loss_then = 0;
  #worse = 0;
  #penalty = 0;
  /** What was lost when the floor was let go for it; null = it was for a queue. */
  #harm: number | null = null;
  #same = 0;
  #floor = 0;

  /** With each report of a connection, every 2 s. 0 = none. */
  next({ rtt, loss, available }: Omit<UplinkSample, 'limited'>): number {
    if (rtt > 0) this.#shortest_ms = Math.min(this.#shortest_ms, rtt);
    const queue_ms = rtt > 0 ? rtt - this.#shortest_ms : 0;
    if (this.#penalty > 0) this.#penalty--;
    if (this.#floor === 0) {
      if (loss === null) return 0;
      this.#absolve(loss);
      const held = loss >= LOSS_PERCENT && queue_ms < SHORT_QUEUE_MS && available !== null && available < FLOOR_KBPS;
      this.#loss_then = held ? Math.max(loss, this.#lossy > 0 ? this.#loss_then : 0) : 0;
      this.#lossy = held ? this.#lossy + 1 : 0;
      if (this.#lossy < LOSSY_SAMPLES || this.#penalty > 0) return 0;
      this.#floor = FLOOR_KBPS;
      this.#clean = this.#worse = 0;
    } else if (queue_ms > LONG_QUEUE_MS) {
      this.#penalty = PENALTY_SAMPLES;
      this.#harm = null;
      this.#letGo();
    } else if (loss !== null) {
      this.#clean = loss < CLEAN_PERCENT ? this.#clean + 1 : 0;
      this.#worse = loss > this.#loss_then + MORE_PERCENT ? this.#worse + 1 : 0;
      if (this.#worse >= LOSSY_SAMPLES) {
        this.#penalty = PENALTY_SAMPLES;
        this.#harm = loss;
      }
      if (this.#clean >= CLEAN_SAMPLES || this.#penalty > 0) this.#letGo();
    }
    return this.#floor;
  }

  /** The first samples may have been of a better time, or of too few packets, and then more was lost for no fault of the floor. */
  #absolve(loss: number): void {
    if (this.#penalty === 0 || this.#harm === null) return;
    this.#same = loss > this.#harm - SAME_PERCENT ? this.#same + 1 : 0;
    if (this.#same >= SAME_SAMPLES) this.#penalty = 0;
  }

  #letGo(): void {
    this.#same = 0;
    this.#floor = 0;
    this.#lossy = 0;
  }
}
