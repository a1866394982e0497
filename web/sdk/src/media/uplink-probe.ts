/**
 * When a browser should try whether its uplink carries more again.
 *
 * Where a path was narrow for a while, Chromium finds the way back up by eight percent a second: from 100 kbit/s to 900 it takes half a
 * minute. It tries a higher rate with a few packets - and believes what it finds at once - only while it has too little to send, or when
 * it is allowed more than before. So while the picture suffers from the estimate, nothing waits in a queue and next to nothing is lost,
 * it is allowed more now and then, and less and less often as long as nothing comes of it.
 */

import type { UplinkSample } from './uplink-floor.js';

const CLEAN_PERCENT = 3;
const SHORT_QUEUE_MS = 60;
const FIRST_WAIT_SAMPLES = 3;
const LONGEST_WAIT_SAMPLES = 6;
/** What a trial must have brought for the next one to come as soon. */
const WORTHWHILE = 1.3;

export class UplinkProbe {
  #shortest_ms = Infinity;
  #quiet = 0;
  #wait = FIRST_WAIT_SAMPLES;
  #available_then = 0;

  /** With each report of a connection, every 2 s. True = now. */
  next({ rtt, loss, available, limited }: UplinkSample): boolean {
    if (rtt > 0) this.#shortest_ms = Math.min(this.#shortest_ms, rtt);
    const free = limited && available !== null && loss !== null && loss < CLEAN_PERCENT && rtt > 0 && rtt - this.#shortest_ms < SHORT_QUEUE_MS;
    this.#quiet = free ? this.#quiet + 1 : 0;
    if (!free || this.#quiet < this.#wait) return false;
    const worthwhile = available > this.#available_then * WORTHWHILE;
    this.#wait = worthwhile ? FIRST_WAIT_SAMPLES : Math.min(this.#wait + 1, LONGEST_WAIT_SAMPLES);
    this.#available_then = available;
    this.#quiet = 0;
    return true;
  }
}
