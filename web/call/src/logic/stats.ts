/** RTCPeerConnection.getStats -> the figures that people and tests look at. Pure. */

import type { StatsEntry } from '@duet/sdk';

/** What `window.duetCall.stats()` answers. Numbers that are not known are 0, texts ''. */
export interface CallStats {
  /** Since the section exists. */
  frames_decoded: number;
  /** Frames per second in the last second, as the browser counts them. */
  fps: number;
  width: number;
  height: number;
  audio_packets: number;
  /**
   * 0..1 on a linear scale. The larger of the level at this moment and the root mean square since
   * the beginning (totalAudioEnergy / totalSamplesDuration): above 0 once anything was heard, even
   * when it is silent just now.
   */
  audio_level: number;
  /** Of the received picture, such as `video/H264`. */
  codec: string;
  /** Such as `AEAD_AES_128_GCM`. */
  srtp_cipher: string;
  rtt_ms: number;
}

function num(entry: StatsEntry | undefined, member: string): number {
  const value = entry?.[member];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function text(entry: StatsEntry | undefined, member: string): string {
  const value = entry?.[member];
  return typeof value === 'string' ? value : '';
}

function most(entries: StatsEntry[], member: string): StatsEntry | undefined {
  return entries.reduce<StatsEntry | undefined>(
    (best, entry) => (best === undefined || num(entry, member) > num(best, member) ? entry : best),
    undefined,
  );
}

function ofKind(entries: readonly StatsEntry[], type: string, kind: string): StatsEntry[] {
  return entries.filter((entry) => entry.type === type && entry['kind'] === kind);
}

function byId(entries: readonly StatsEntry[], id: string): StatsEntry | undefined {
  return entries.find((entry) => entry.id === id);
}

/** The pair that media uses: the transport names it; Firefox marks it itself. */
function selectedPair(entries: readonly StatsEntry[]): StatsEntry | undefined {
  const transport = entries.find((entry) => entry.type === 'transport');
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair');
  return byId(pairs, text(transport, 'selectedCandidatePairId'))
    ?? pairs.find((pair) => pair['selected'] === true)
    ?? pairs.find((pair) => pair['nominated'] === true && pair['state'] === 'succeeded');
}

function audioLevel(inbound: StatsEntry | undefined): number {
  const seconds = num(inbound, 'totalSamplesDuration');
  const rms = seconds > 0 ? Math.sqrt(num(inbound, 'totalAudioEnergy') / seconds) : 0;
  return Math.max(num(inbound, 'audioLevel'), rms);
}

/** With several received streams: the one of which most has come. */
export function callStats(entries: readonly StatsEntry[]): CallStats {
  const video = most(ofKind(entries, 'inbound-rtp', 'video'), 'framesDecoded');
  const audio = most(ofKind(entries, 'inbound-rtp', 'audio'), 'packetsReceived');
  const transport = entries.find((entry) => entry.type === 'transport');
  return {
    frames_decoded: num(video, 'framesDecoded'),
    fps: num(video, 'framesPerSecond'),
    width: num(video, 'frameWidth'),
    height: num(video, 'frameHeight'),
    audio_packets: num(audio, 'packetsReceived'),
    audio_level: audioLevel(audio),
    codec: text(byId(entries, text(video, 'codecId')), 'mimeType'),
    srtp_cipher: text(transport, 'srtpCipher'),
    rtt_ms: num(selectedPair(entries), 'currentRoundTripTime') * 1000,
  };
}

/** One direction of the statistics panel. Rates are since the previous reading. */
export interface DirectionStats {
  width: number;
  height: number;
  fps: number;
  codec: string;
  videoKbps: number;
  audioKbps: number;
  /** Percent of packets. */
  loss: number;
  jitterMs: number;
}

export interface PanelStats extends CallStats {
  sent: DirectionStats;
  received: DirectionStats;
  /** Kinds of the two candidates and the transport, such as `host ↔ host udp`. */
  path: string;
}

/** kbit/s of one stream between two readings. */
function kbps(now: StatsEntry | undefined, before: readonly StatsEntry[], member: string): number {
  const then = now && byId(before, now.id);
  const ms = now && then ? now.timestamp - then.timestamp : 0;
  return ms > 0 ? Math.max(0, ((num(now, member) - num(then, member)) * 8) / ms) : 0;
}

function sentStats(entries: readonly StatsEntry[], before: readonly StatsEntry[]): DirectionStats {
  const video = most(ofKind(entries, 'outbound-rtp', 'video'), 'bytesSent');
  const audio = most(ofKind(entries, 'outbound-rtp', 'audio'), 'bytesSent');
  const report = entries.find((entry) =>
    entry.type === 'remote-inbound-rtp' && entry['localId'] === video?.id);
  return {
    width: num(video, 'frameWidth'),
    height: num(video, 'frameHeight'),
    fps: num(video, 'framesPerSecond'),
    codec: text(byId(entries, text(video, 'codecId')), 'mimeType'),
    videoKbps: kbps(video, before, 'bytesSent'),
    audioKbps: kbps(audio, before, 'bytesSent'),
    loss: num(report, 'fractionLost') * 100,
    jitterMs: num(report, 'jitter') * 1000,
  };
}

function receivedStats(entries: readonly StatsEntry[], before: readonly StatsEntry[]): DirectionStats {
  const video = most(ofKind(entries, 'inbound-rtp', 'video'), 'framesDecoded');
  const audio = most(ofKind(entries, 'inbound-rtp', 'audio'), 'packetsReceived');
  const then = video && byId(before, video.id);
  const lost = num(video, 'packetsLost') - num(then, 'packetsLost');
  const came = num(video, 'packetsReceived') - num(then, 'packetsReceived');
  return {
    width: num(video, 'frameWidth'),
    height: num(video, 'frameHeight'),
    fps: num(video, 'framesPerSecond'),
    codec: text(byId(entries, text(video, 'codecId')), 'mimeType'),
    videoKbps: kbps(video, before, 'bytesReceived'),
    audioKbps: kbps(audio, before, 'bytesReceived'),
    loss: lost > 0 ? (lost / (lost + came)) * 100 : 0, // late packets make `lost` go down
    jitterMs: num(video, 'jitter') * 1000,
  };
}

function pathText(entries: readonly StatsEntry[]): string {
  const pair = selectedPair(entries);
  const local = byId(entries, text(pair, 'localCandidateId'));
  const remote = byId(entries, text(pair, 'remoteCandidateId'));
  if (!local || !remote) return '';
  return `${text(local, 'candidateType')} ↔ ${text(remote, 'candidateType')} ${text(remote, 'protocol')}`;
}

export function panelStats(
  entries: readonly StatsEntry[], before: readonly StatsEntry[],
): PanelStats {
  return {
    ...callStats(entries),
    sent: sentStats(entries, before),
    received: receivedStats(entries, before),
    path: pathText(entries),
  };
}
