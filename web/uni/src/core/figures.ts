/** What `netstatus` tells, made of the SDK's statistics. Pure. */

import type { StatsEntry, Statistics } from '@duet/sdk';
import type { PlayerStreamType } from './room-url.js';

/** Bit rates in kbit/s, jitter in milliseconds. */
export interface NetStatus {
  videoBitrate: number;
  audioBitrate: number;
  videoFPS: number;
  videoWidth: number;
  videoHeight: number;
  /** All that is sent or received of it. */
  netSpeed: number;
  netJitter: number;
  /** 0 unknown, 1 best … 6 down. */
  netQualityLevel: number;
  /** Milliseconds that sound and picture wait in the receiver; players only. */
  videoCache?: number;
  audioCache?: number;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function milliseconds(entries: readonly StatsEntry[], matches: (entry: StatsEntry) => boolean): number {
  const values = entries.filter(matches).map((entry) => numberOf(entry['jitter']) * 1000);
  return Math.round(Math.max(0, ...values));
}

/** `entries`: the browser's own statistics, for what the summary leaves out. */
export function pusherFigures(statistics: Statistics, entries: readonly StatsEntry[], quality: number): NetStatus {
  const { audio, video } = statistics.localStatistics;
  // Where nobody needs the large one, only a small one is sent.
  const picture = video.find(({ videoType }) => videoType === 'big') ?? video.find(({ videoType }) => videoType === 'small');
  const videoBitrate = Math.round(picture?.bitrate ?? 0);
  const audioBitrate = Math.round(audio.bitrate);
  return {
    videoBitrate, audioBitrate,
    videoFPS: Math.round(picture?.frameRate ?? 0),
    videoWidth: picture?.width ?? 0,
    videoHeight: picture?.height ?? 0,
    netSpeed: videoBitrate + audioBitrate,
    netJitter: milliseconds(entries, ({ type }) => type === 'remote-inbound-rtp'),
    netQualityLevel: quality,
  };
}

/** `trackIds`: of the tracks that the player plays. */
export function playerFigures(
  statistics: Statistics, entries: readonly StatsEntry[], quality: number,
  userID: string, streamType: PlayerStreamType, trackIds: readonly string[],
): NetStatus {
  const user = statistics.remoteStatistics.find(({ userId }) => userId === userID);
  const picture = user?.video.find(({ videoType }) => (videoType === 'sub') === (streamType === 'aux'));
  const videoBitrate = Math.round(picture?.bitrate ?? 0);
  const audioBitrate = streamType === 'aux' ? 0 : Math.round(user?.audio.bitrate ?? 0);
  return {
    videoBitrate, audioBitrate,
    videoFPS: Math.round(picture?.frameRate ?? 0),
    videoWidth: picture?.width ?? 0,
    videoHeight: picture?.height ?? 0,
    netSpeed: videoBitrate + audioBitrate,
    netJitter: milliseconds(entries, (entry) => (
      entry.type === 'inbound-rtp' && trackIds.includes(String(entry['trackIdentifier'])))),
    netQualityLevel: quality,
    videoCache: Math.round(picture?.jitterBufferDelay ?? 0),
    audioCache: Math.round(user?.audio.jitterBufferDelay ?? 0),
  };
}
