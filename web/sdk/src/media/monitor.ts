/** The two clocks of measuring: statistics every 2 s in a room, volumes as often as asked for. */

import type { NetworkQuality, Statistics, VolumeEntry } from '../events.js';
import type { Cancel, LevelMeter, Platform } from '../platform/platform.js';
import type { QualityReport, Speaker } from '../signal/messages.js';
import type { StatsEntry } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { log } from '../util/log.js';
import { networkQuality, toVolume } from './quality.js';
import type { SectionNames } from './stats.js';
import { downlinksOf, soundsOf, summarise, uplinkOf, voiceLevels } from './stats.js';
import type { DownlinkSample } from './steady-playout.js';
import type { SoundSample } from './steady-sound.js';
import type { UplinkSample } from './uplink-floor.js';

export interface MonitorEvents {
  statistics: Statistics;
  quality: NetworkQuality;
  uplink: UplinkSample;
  downlinks: DownlinkSample[];
  sounds: SoundSample[];
  volumes: VolumeEntry[];
}

/** What there is to measure at the moment. */
export interface Measured extends SectionNames {
  inRoom(): boolean;
  connected(): boolean;
  stats(): Promise<StatsEntry[]>;
  microphone(): MediaStreamTrack | null;
}

const STATISTICS_MS = 2_000;
/** Then the streams are others, or nothing is sent. */
const MAX_SILENT_REPORTS = 5;

export class Monitor extends Emitter<MonitorEvents> {
  readonly #platform: Platform;
  readonly #measured: Measured;
  #entries: StatsEntry[] = [];
  /** The last ones that said something of the losses of what is sent. */
  #lossEntries: StatsEntry[] = [];
  #silentReports = MAX_SILENT_REPORTS;
  #voiceEntries: StatsEntry[] = [];
  #server: QualityReport | null = null;
  /** What the server hears of the others; null = it does not say. */
  #heard: ReadonlyMap<string, number> | null = null;
  #cancelStatistics: Cancel = () => {};
  #cancelVolume: Cancel = () => {};
  #meter: { track: MediaStreamTrack; meter: LevelMeter } | null = null;

  constructor(platform: Platform, measured: Measured) {
    super();
    this.#platform = platform;
    this.#measured = measured;
  }

  /** From entering a room until stop(). */
  start(): void {
    this.stop();
    this.#cancelStatistics = this.#platform.setTimer(STATISTICS_MS, () => void this.#measure());
  }

  stop(): void {
    this.#cancelStatistics();
    this.#entries = [];
    this.#silentReports = MAX_SILENT_REPORTS;
    this.serverSilent();
  }

  /** What it said is about a connection that is gone. */
  serverSilent(): void {
    this.#server = null;
    this.#heard = null;
  }

  serverSays(report: QualityReport): void {
    this.#server = report;
  }

  /** How loud the others are as they send it, which no loss on the way here changes. */
  serverHears(speakers: readonly Speaker[]): void {
    this.#heard = new Map(speakers.map(({ userId, level }) => [userId, Math.min(100, Math.max(0, level))]));
  }

  /** 0 or less = off. */
  setVolumeInterval(interval_ms: number, inBackground: boolean): void {
    this.#cancelVolume();
    this.#voiceEntries = [];
    if (interval_ms <= 0) {
      this.#dropMeter();
      return;
    }
    let cancelTimer: Cancel = () => {};
    let cancelled = false;
    const schedule = (): void => {
      cancelTimer = this.#platform.setTimer(interval_ms, tick);
    };
    const tick = (): void => {
      schedule();
      if (!inBackground && this.#platform.isHidden()) return;
      void this.#volumes().then((volumes) => {
        if (!cancelled) this.emit('volumes', volumes);
      });
    };
    schedule();
    this.#cancelVolume = () => {
      cancelled = true;
      cancelTimer();
    };
  }

  async #measure(): Promise<void> {
    let cancelled = false;
    this.#cancelStatistics = () => {
      cancelled = true;
    };
    try {
      const entries = await this.#measured.stats();
      if (cancelled) return;
      const before = this.#entries;
      const statistics = summarise(before, entries, this.#measured);
      this.#entries = entries;
      this.emit('statistics', statistics);
      const uplink = uplinkOf(this.#lossEntries, entries);
      if (uplink.loss !== null || ++this.#silentReports >= MAX_SILENT_REPORTS) {
        this.#lossEntries = entries;
        this.#silentReports = 0;
      }
      this.emit('uplink', uplink);
      this.emit('downlinks', downlinksOf(before, entries));
      this.emit('sounds', soundsOf(before, entries));
      this.emit('quality', networkQuality(this.#measured.connected(), statistics, this.#server));
    } catch (error) {
      log.debug('statistics failed', error); // the connection went away in this moment
    }
    if (cancelled || !this.#measured.inRoom()) return;
    this.#cancelStatistics = this.#platform.setTimer(STATISTICS_MS, () => void this.#measure());
  }

  async #volumes(): Promise<VolumeEntry[]> {
    const own = toVolume(this.#localLevel());
    const before = this.#voiceEntries;
    this.#voiceEntries = await this.#measured.stats().catch(() => []);
    const voices = voiceLevels(before, this.#voiceEntries, this.#measured);
    const volumes = new Map([...voices].map(([userId, level]) => [userId, this.#heard ? 0 : toVolume(level)]));
    for (const [userId, volume] of this.#heard ?? []) volumes.set(userId, volume);
    volumes.set('', own);
    return [...volumes]
      .map(([userId, floatVolume]) => ({ userId, volume: Math.round(floatVolume), floatVolume }))
      .sort((a, b) => b.floatVolume - a.floatVolume);
  }

  #localLevel(): number {
    const track = this.#measured.microphone();
    if (this.#meter?.track !== track) {
      this.#dropMeter();
      if (track) this.#meter = { track, meter: this.#platform.createLevelMeter(track) };
    }
    return this.#meter?.meter.level() ?? 0;
  }

  #dropMeter(): void {
    this.#meter?.meter.dispose();
    this.#meter = null;
  }
}
