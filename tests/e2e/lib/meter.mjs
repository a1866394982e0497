// What one person got of the other during a time, out of the frames that were shown, the tones that were heard and the browser's own counts.
import { readFileSync } from 'node:fs';

export const round = (value, digits = 0) => Math.round(value * 10 ** digits) / 10 ** digits;

/** The value below which `share` of the values lie; null without values. */
export function quantile(values, share) {
  const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : null;
}

/** The longest time without a new frame between `from` and `to`, in ms. Frames before `from` count as the first one. */
export function longestGap(frames, from, to) {
  let last = from;
  let longest = 0;
  for (const { at } of frames) {
    if (at > to) break;
    if (at > from) longest = Math.max(longest, at - last);
    last = Math.max(last, at);
  }
  return Math.max(longest, to - last);
}

/** Busy share of the machine since it was made: who measures should say what else ran. */
export class CpuMeter {
  #start = CpuMeter.#read();
  static #read() {
    const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/);
    const numbers = ticks.map(Number);
    return { all: numbers.reduce((a, b) => a + b), idle: numbers[3] + numbers[4], nice: numbers[1] };
  }
  /** Percent: of all, and of programs that give way to others. */
  read() {
    const now = CpuMeter.#read();
    const all = Math.max(1, now.all - this.#start.all);
    return { busy: round(100 * (1 - (now.idle - this.#start.idle) / all)), nice: round((100 * (now.nice - this.#start.nice)) / all) };
  }
}

/** Measures both people of a Lab from its making to finish(). */
export class Meter {
  static async start(lab) {
    const meter = new Meter();
    meter.lab = lab;
    meter.from = Date.now();
    meter.cpu = new CpuMeter();
    meter.before = await Promise.all(lab.people.map((caller) => lab.rigStats(caller)));
    return meter;
  }

  /** {alice: figures of what alice gets of bob, bob: …, cpu} */
  async finish() {
    const to = Date.now();
    const after = await Promise.all(this.lab.people.map((caller) => this.lab.rigStats(caller)));
    const figures = { seconds: round((to - this.from) / 1000, 1), cpu: this.cpu.read() };
    for (const [i, caller] of this.lab.people.entries()) {
      const frames = await this.lab.frames(caller, this.from - 1000);
      const tones = await this.lab.tones(caller, this.from);
      figures[caller.name] = got({ from: this.from, to, frames, tones, me: [this.before[i], after[i]], other: [this.before[1 - i], after[1 - i]] });
    }
    return figures;
  }
}

/** Counts of one side and kind: what was added. A connection made meanwhile began at 0. */
function added([before, after], side, kind) {
  const now = after?.[side]?.[kind] ?? {};
  const then = before && after && before.connection === after.connection ? (before[side][kind] ?? {}) : {};
  return (name) => (now[name] ?? 0) - (then[name] ?? 0);
}

function got({ from, to, frames, tones, me, other }) {
  const seconds = (to - from) / 1000;
  const video = added(me, 'received', 'video');
  const audio = added(me, 'received', 'audio');
  const sent = added(other, 'sent', 'video');
  const within = frames.filter(({ at }) => at >= from && at <= to);
  const shown = new Set(within.map(({ frame, at }) => frame ?? at)).size;
  const per = (part, whole) => (whole > 0 ? part / whole : 0);
  return {
    fps: round(shown / seconds, 1),
    drawnFps: round(((other[1]?.drawn ?? 0) - (other[0]?.drawn ?? 0)) / seconds, 1),
    encodedFps: round(sent('framesEncoded') / seconds, 1),
    longestGapMs: round(longestGap(frames, from, to)),
    // A frame that was sent before the time and decoded in it is not of it.
    decodedPercent: Math.min(100, round(100 * per(video('framesDecoded'), sent('framesSent')), 1)),
    shownPercent: round(100 * per(shown, sent('framesSent')), 1),
    freezes: video('freezeCount'),
    freezeSeconds: round(video('totalFreezesDuration'), 2),
    pictureDelayMs: { p50: quantile(within.map((f) => f.delay), 0.5), p95: quantile(within.map((f) => f.delay), 0.95) },
    soundDelayMs: { p50: maybeRound(quantile(tones.map((t) => t.delay), 0.5)), p95: maybeRound(quantile(tones.map((t) => t.delay), 0.95)), count: tones.length },
    // By the browser's own account; null: it does not keep sound and picture together.
    soundBehindMs: maybeRound(me[1]?.soundBehind ?? null),
    // null: there was no connection at the end, and so no count.
    concealedPercent: audio('totalSamplesReceived') > 0 ? round(100 * per(audio('concealedSamples'), audio('totalSamplesReceived')), 2) : null,
    concealmentEvents: audio('concealmentEvents'),
    soundBufferMs: round(1000 * per(audio('jitterBufferDelay'), audio('jitterBufferEmittedCount'))),
    pictureBufferMs: round(1000 * per(video('jitterBufferDelay'), video('jitterBufferEmittedCount'))),
    videoKbps: round((video('bytesReceived') * 8) / 1000 / seconds),
    audioKbps: round((audio('bytesReceived') * 8) / 1000 / seconds),
    videoPackets: video('packetsReceived'),
    videoLost: video('packetsLost'),
    audioPackets: audio('packetsReceived'),
    audioLost: audio('packetsLost'),
    audioFec: audio('fecPacketsReceived'),
    nacks: video('nackCount'),
    plis: video('pliCount'),
    retransmitted: video('retransmittedPacketsReceived'),
    keyFrames: video('keyFramesDecoded'),
    width: me[1]?.received.video?.frameWidth ?? 0,
    encodeMs: round(1000 * per(sent('totalEncodeTime'), sent('framesEncoded')), 1),
    decodeMs: round(1000 * per(video('totalDecodeTime'), video('framesDecoded')), 1),
    senderLimitedBy: other[1]?.limited ?? '',
    senderAvailableKbps: round(other[1]?.available ?? 0),
    rttMs: round(me[1]?.rtt ?? 0),
  };
}

function maybeRound(value) {
  return value === null ? null : round(value);
}
