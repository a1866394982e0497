/** Numbers for people: quality of a network and loudness of a voice. Pure. */

import type { NetworkQuality, Quality, Statistics } from '../events.js';
import type { QualityReport } from '../signal/messages.js';

/** Upper bounds of round trip (ms) and loss (percent) for 1 excellent … 4 bad; above is 5. */
const BOUNDS: ReadonlyArray<readonly [rtt_ms: number, loss: number]> = [
  [100, 1], [200, 5], [400, 12], [800, 30],
];

export function gradeNetwork(rtt_ms: number, loss: number): Quality {
  const grade = BOUNDS.findIndex(([maxRtt_ms, maxLoss]) => rtt_ms <= maxRtt_ms && loss <= maxLoss);
  return (grade < 0 ? 5 : grade + 1) as Quality;
}

export function toQuality(value: number): Quality {
  return (Number.isInteger(value) && value >= 0 && value <= 6 ? value : 0) as Quality;
}

/** What this side and the server see of the same line: the worse of the two, unknown (0) counts nothing. */
export function networkQuality(
  connected: boolean, statistics: Statistics, server: QualityReport | null,
): NetworkQuality {
  const { rtt, upLoss, downLoss } = statistics;
  const up = connected ? Math.max(gradeNetwork(rtt, upLoss), toQuality(server?.uplink ?? 0)) : 6;
  const down = connected ? Math.max(gradeNetwork(rtt, downLoss), toQuality(server?.downlink ?? 0)) : 6;
  return {
    uplinkNetworkQuality: up as Quality,
    downlinkNetworkQuality: down as Quality,
    uplinkRTT: rtt,
    downlinkRTT: rtt,
    uplinkLoss: upLoss,
    downlinkLoss: downLoss,
    members: (server?.members ?? []).map(({ userId, uplink, downlink }) => (
      { userId, uplink: toQuality(uplink), downlink: toQuality(downlink) }
    )),
  };
}

const SILENCE_DBFS = -50;

/** Level 0..1 to volume 0..100, linear in decibels as ears are; below -50 dBFS is silence. */
export function toVolume(level: number): number {
  if (!(level > 0)) return 0;
  const dbfs = 20 * Math.log10(level);
  return Math.min(100, Math.max(0, (1 - dbfs / SILENCE_DBFS) * 100));
}
