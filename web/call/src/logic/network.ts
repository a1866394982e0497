/** The server's quality numbers -> the bars that people know from their phones. */

import type { Quality } from '@duet/sdk';

export type BarTone = 'good' | 'fair' | 'poor' | 'down' | 'unknown';

export interface NetworkBars {
  /** 0..4. */
  bars: number;
  tone: BarTone;
}

const BARS: Record<Quality, NetworkBars> = {
  0: { bars: 0, tone: 'unknown' },
  1: { bars: 4, tone: 'good' },
  2: { bars: 3, tone: 'good' },
  3: { bars: 2, tone: 'fair' },
  4: { bars: 1, tone: 'poor' },
  5: { bars: 1, tone: 'poor' },
  6: { bars: 0, tone: 'down' },
};

/** A call is as good as its worse direction; a direction that is not known yet does not count. */
export function worseQuality(uplink: Quality, downlink: Quality): Quality {
  return uplink > downlink ? uplink : downlink;
}

export function networkBars(quality: Quality): NetworkBars {
  return BARS[quality] ?? BARS[0];
}
