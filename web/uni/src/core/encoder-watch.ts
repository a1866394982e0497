/** Notices when the browser encodes a picture in software that it encoded in hardware before. Pure. */

import type { StatsEntry } from '@duet/sdk';

export class EncoderWatch {
  #hardware = false;

  /** True once for each time; `entries` is what the browser says now. */
  fellBack(entries: readonly StatsEntry[]): boolean {
    const efficient = entries
      .filter(({ type, kind, active }) => type === 'outbound-rtp' && kind === 'video' && active !== false)
      .map((entry) => entry['powerEfficientEncoder'])
      .filter((value): value is boolean => typeof value === 'boolean');
    if (efficient.length === 0) return false; // nothing is encoded, or the browser does not tell
    const before = this.#hardware;
    this.#hardware = efficient.some((value) => value);
    return before && !this.#hardware;
  }
}
