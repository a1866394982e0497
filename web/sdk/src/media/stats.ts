/** From two reports of RTCPeerConnection.getStats to the STATISTICS event. Pure. */

import type { Statistics, VideoStatistics } from '../events.js';
import { toStreamType } from '../session/keys.js';
import { RIDS } from './layers.js';
import type { Kind, StreamRef, WireStream } from '../signal/messages.js';
import type { StatsEntry } from '../types.js';
import type { DownlinkSample } from './steady-playout.js';
import type { SoundSample } from './steady-sound.js';
import type { UplinkSample } from './uplink-floor.js';

/** Says what the sections of the connection carry. */
export interface SectionNames {
  /** `small`: the small picture was asked for. */
  remote(mid: string): (StreamRef & { small?: boolean }) | undefined;
  own(mid: string): { stream: WireStream; kind: Kind } | undefined;
}

function num(entry: StatsEntry | undefined, member: string): number {
  const value = entry?.[member];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function text(entry: StatsEntry | undefined, member: string): string {
  const value = entry?.[member];
  return typeof value === 'string' ? value : '';
}

class Report {
  readonly #byId: ReadonlyMap<string, StatsEntry>;

  constructor(readonly entries: readonly StatsEntry[]) {
    this.#byId = new Map(entries.map((entry) => [entry.id, entry]));
  }

  get(id: string): StatsEntry | undefined {
    return this.#byId.get(id);
  }

  all(type: string): StatsEntry[] {
    return this.entries.filter((entry) => entry.type === type);
  }

  selectedPair(): StatsEntry | undefined {
    const id = this.all('transport').map((entry) => text(entry, 'selectedCandidatePairId')).find(Boolean);
    return (id ? this.get(id) : undefined)
      ?? this.all('candidate-pair').find((entry) => entry['nominated'] === true && text(entry, 'state') === 'succeeded');
  }
}

/** How much a counter grew; 0 for a counter that is new or started again. */
function growth(entry: StatsEntry, before: Report, member: string): number {
  const former = before.get(entry.id);
  return former ? Math.max(0, num(entry, member) - num(former, member)) : 0;
}

/** kbit/s between the two reports. */
function bitrate(entry: StatsEntry, before: Report, member: string): number {
  const former = before.get(entry.id);
  const elapsed_ms = former ? entry.timestamp - former.timestamp : 0;
  return elapsed_ms > 0 ? Math.round((growth(entry, before, member) * 8) / elapsed_ms) : 0;
}

/** Milliseconds that what was played since the last report had waited, on average. */
function jitterBufferDelay(entry: StatsEntry, before: Report): number {
  const played = growth(entry, before, 'jitterBufferEmittedCount');
  return played > 0 ? Math.round((growth(entry, before, 'jitterBufferDelay') / played) * 1000) : 0;
}

function videoOf(
  entry: StatsEntry, before: Report, stream: WireStream, small: boolean, bytes: string,
): VideoStatistics {
  return {
    width: num(entry, 'frameWidth'),
    height: num(entry, 'frameHeight'),
    frameRate: Math.round(num(entry, 'framesPerSecond')),
    bitrate: bitrate(entry, before, bytes),
    videoType: toStreamType(stream) === 'sub' ? 'sub' : small ? 'small' : 'big',
  };
}

function percent(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.round((part / whole) * 1000) / 10) : 0;
}

/** Loss of what is sent, as the server reports it: the worst of the streams. */
function upLoss(now: Report): number {
  const fractions = now.all('remote-inbound-rtp').map((entry) => num(entry, 'fractionLost'));
  return percent(Math.max(0, ...fractions), 1);
}

function downLoss(now: Report, before: Report): number {
  let lost = 0;
  let received = 0;
  for (const entry of now.all('inbound-rtp')) {
    lost += growth(entry, before, 'packetsLost');
    received += growth(entry, before, 'packetsReceived');
  }
  return percent(lost, lost + received);
}

function rtt_ms(now: Report): number {
  const pair = num(now.selectedPair(), 'currentRoundTripTime');
  if (pair > 0) return Math.round(pair * 1000);
  const times = now.all('remote-inbound-rtp').map((entry) => num(entry, 'roundTripTime'));
  return Math.round(Math.max(0, ...times) * 1000);
}

/**
 * What the network did to what was sent since `before`, the last one that said anything of losses: where much is lost, so are the
 * server's reports, and what was lost between two of them is none of a shorter time's. The pictures say how much is lost: lost sound is repeated under its own
 * numbers, and then counts as received.
 */
export function uplinkOf(beforeEntries: readonly StatsEntry[], entries: readonly StatsEntry[]): UplinkSample {
  const [before, now] = [new Report(beforeEntries), new Report(entries)];
  const sum = (type: string, member: string): number => now.all(type)
    .filter((entry) => text(entry, 'kind') === 'video').reduce((total, entry) => total + growth(entry, before, member), 0);
  const sent = sum('outbound-rtp', 'packetsSent') - sum('outbound-rtp', 'retransmittedPacketsSent');
  const bps = num(now.selectedPair(), 'availableOutgoingBitrate');
  const heard = now.all('remote-inbound-rtp').some((entry) => entry.timestamp !== before.get(entry.id)?.timestamp);
  const enough = 5;
  return {
    rtt: rtt_ms(now),
    loss: !heard || sent < enough ? null : percent(sum('remote-inbound-rtp', 'packetsLost'), sent),
    available: bps > 0 ? bps / 1000 : null,
    limited: now.all('outbound-rtp').some((entry) => text(entry, 'qualityLimitationReason') === 'bandwidth'),
  };
}

/** How many of the pictures' packets had to be sent again between two reports, by section. */
export function downlinksOf(beforeEntries: readonly StatsEntry[], entries: readonly StatsEntry[]): DownlinkSample[] {
  const [before, now] = [new Report(beforeEntries), new Report(entries)];
  const enough = 20;
  return now.all('inbound-rtp').filter((entry) => text(entry, 'kind') === 'video').map((entry) => {
    const received = growth(entry, before, 'packetsReceived');
    const repeated = growth(entry, before, 'retransmittedPacketsReceived');
    return { mid: text(entry, 'mid'), rtt: rtt_ms(now), repeated: received < enough ? null : repeated / received };
  });
}

/** How much of the sound was made up between two reports, by section. */
export function soundsOf(beforeEntries: readonly StatsEntry[], entries: readonly StatsEntry[]): SoundSample[] {
  const [before, now] = [new Report(beforeEntries), new Report(entries)];
  return now.all('inbound-rtp').filter((entry) => text(entry, 'kind') === 'audio').map((entry) => {
    const played = growth(entry, before, 'totalSamplesReceived');
    const emitted = growth(entry, before, 'jitterBufferEmittedCount');
    // Silence is made up as well, where nothing is sent.
    const madeUp = growth(entry, before, 'concealedSamples') - growth(entry, before, 'silentConcealedSamples');
    return {
      mid: text(entry, 'mid'),
      madeUp: played > 0 && growth(entry, before, 'packetsReceived') > 0 ? madeUp / played : null,
      kept_ms: emitted > 0 ? (growth(entry, before, 'jitterBufferTargetDelay') / emitted) * 1000 : 0,
    };
  });
}

function localPart(now: Report, before: Report, names: SectionNames): Statistics['localStatistics'] {
  const local: Statistics['localStatistics'] = { audio: { bitrate: 0, audioLevel: 0 }, video: [] };
  const encodings = now.all('outbound-rtp');
  const rank = (entry: StatsEntry): number => RIDS.indexOf(text(entry, 'rid'));
  for (const entry of [...encodings].sort((a, b) => rank(b) - rank(a))) {
    const own = names.own(text(entry, 'mid'));
    if (!own) continue;
    if (own.kind === 'video') {
      const larger = encodings.some((other) => other['mid'] === entry['mid'] && rank(other) > rank(entry));
      // One that was switched off sends nothing, and what it sent before is no news.
      if (entry['active'] === false && encodings.length > 1) continue;
      local.video.push(videoOf(entry, before, own.stream, larger, 'bytesSent'));
    } else if (own.stream === 'main') {
      local.audio.bitrate = bitrate(entry, before, 'bytesSent');
      local.audio.audioLevel = num(now.get(text(entry, 'mediaSourceId')), 'audioLevel');
    }
  }
  return local;
}

function remotePart(now: Report, before: Report, names: SectionNames): Statistics['remoteStatistics'] {
  const remotes = new Map<string, Statistics['remoteStatistics'][number]>();
  for (const entry of now.all('inbound-rtp')) {
    const ref = names.remote(text(entry, 'mid'));
    if (!ref) continue;
    const remote = remotes.get(ref.userId)
      ?? { userId: ref.userId, audio: { bitrate: 0, audioLevel: 0, jitterBufferDelay: 0 }, video: [] };
    remotes.set(ref.userId, remote);
    const delay_ms = jitterBufferDelay(entry, before);
    if (ref.kind === 'video') {
      remote.video.push({
        ...videoOf(entry, before, ref.stream, ref.small ?? false, 'bytesReceived'), jitterBufferDelay: delay_ms,
      });
    } else if (ref.stream === 'main') {
      remote.audio = {
        bitrate: bitrate(entry, before, 'bytesReceived'),
        audioLevel: num(entry, 'audioLevel'),
        jitterBufferDelay: delay_ms,
      };
    }
  }
  return [...remotes.values()];
}

/** Loudness of each user's voices between two reports, 0..1 (root mean square). */
export function voiceLevels(
  entriesBefore: readonly StatsEntry[], entriesNow: readonly StatsEntry[], names: SectionNames,
): Map<string, number> {
  const before = new Report(entriesBefore);
  const levels = new Map<string, number>();
  for (const entry of new Report(entriesNow).all('inbound-rtp')) {
    const ref = names.remote(text(entry, 'mid'));
    if (ref?.kind !== 'audio') continue;
    const duration_s = growth(entry, before, 'totalSamplesDuration');
    const level = duration_s > 0 ? Math.sqrt(growth(entry, before, 'totalAudioEnergy') / duration_s) : 0;
    levels.set(ref.userId, Math.max(Math.min(1, level), levels.get(ref.userId) ?? 0));
  }
  return levels;
}

export function summarise(
  entriesBefore: readonly StatsEntry[], entriesNow: readonly StatsEntry[], names: SectionNames,
): Statistics {
  const before = new Report(entriesBefore);
  const now = new Report(entriesNow);
  const pair = now.selectedPair();
  return {
    rtt: rtt_ms(now),
    upLoss: upLoss(now),
    downLoss: downLoss(now, before),
    bytesSent: num(pair, 'bytesSent'),
    bytesReceived: num(pair, 'bytesReceived'),
    localStatistics: localPart(now, before, names),
    remoteStatistics: remotePart(now, before, names),
  };
}
