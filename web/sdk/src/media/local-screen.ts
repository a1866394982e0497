/** The shared screen, window or tab, with its sound where asked for. */

import { invalidOperation } from '../errors.js';
import type { Platform } from '../platform/platform.js';
import { screenProfile } from '../profiles.js';
import type { ViewSettings } from '../session/views.js';
import type { Kind } from '../signal/messages.js';
import type { QosPreference, ScreenShareConfig, ScreenShareOption, UpdateScreenShareConfig } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { Serial } from '../util/serial.js';
import { screenConstraints } from './constraints.js';
import { deviceError } from './device-errors.js';
import { degradation } from './local-video.js';
import type { Publication } from './local-source.js';
import { Capture } from './local-source.js';
import type { VideoPlayerEvents } from './video-player.js';
import { VideoPlayer } from './video-player.js';

/** What a computer plays is often music: two channels and enough for them. */
const SYSTEM_AUDIO_KBPS = 128;

export interface LocalScreenEvents {
  /** The user pressed the browser's own "stop sharing", or closed what was shared. */
  stopped: undefined;
  /** By itself, not by a call: ask publication() again. */
  changed: undefined;
}

export class LocalScreen extends Emitter<LocalScreenEvents> {
  readonly #platform: Platform;
  readonly #serial = new Serial();
  readonly #video: Capture;
  readonly #audio: Capture;
  readonly #player: VideoPlayer;
  #containers: HTMLElement[] = [];
  #option: ScreenShareOption = {};
  #publish = true;

  constructor(platform: Platform, preview: VideoPlayerEvents) {
    super();
    this.#platform = platform;
    this.#video = new Capture(() => this.#ended());
    this.#audio = new Capture(() => { // a tab may lose its sound and stay
      this.#audio.clear();
      this.emit('changed', undefined);
    });
    this.#player = new VideoPlayer(platform, this.#viewSettings(), preview);
  }

  track(kind: Kind): MediaStreamTrack | null {
    return (kind === 'video' ? this.#video : this.#audio).track;
  }

  snapshot(): string {
    return this.#player.snapshot();
  }

  play(): Promise<void> {
    return this.#player.play();
  }

  start(config: ScreenShareConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (this.#video.track) throw invalidOperation('the screen is shared already; use updateScreenShare');
      const containers = config.view === undefined ? [] : this.#platform.resolveView(config.view);
      const option = { ...config.option };
      await this.#open(option);
      this.#option = option;
      this.#containers = containers;
      this.#publish = config.publish ?? true;
      this.#apply();
    });
  }

  update(config: UpdateScreenShareConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (!this.#video.track) throw invalidOperation('the screen is not shared; use startScreenShare');
      if (config.view !== undefined) this.#containers = this.#platform.resolveView(config.view);
      if (config.option?.videoTrack) this.#video.setForeign(config.option.videoTrack);
      if (config.option?.audioTrack) this.#audio.setForeign(config.option.audioTrack);
      this.#option = { ...this.#option, ...config.option };
      this.#publish = config.publish ?? this.#publish;
      this.#apply();
    });
  }

  stop(): Promise<void> {
    return this.#serial.run(async () => this.#stop());
  }

  /** What is to be sent now; null = nothing. */
  publication(kind: Kind): Publication | null {
    const track = this.track(kind);
    if (!track || !this.#publish) return null;
    if (kind === 'audio') {
      return { outgoing: { track, encoding: { bitrate: SYSTEM_AUDIO_KBPS, stereo: true } }, on: true };
    }
    const { bitrate, frameRate } = screenProfile(this.#option.profile);
    const encoding = { bitrate, frameRate, degradation: degradation(this.#preference()) };
    return { outgoing: { track, encoding }, on: true };
  }

  async #open(option: ScreenShareOption): Promise<void> {
    const profile = screenProfile(option.profile);
    if (option.videoTrack) {
      this.#video.setForeign(option.videoTrack);
      if (option.audioTrack) this.#audio.setForeign(option.audioTrack);
      return;
    }
    try {
      const stream = await this.#platform.getDisplayMedia(screenConstraints(profile, option));
      this.#video.setOwn(stream.getVideoTracks()[0] ?? null);
      if (option.audioTrack) this.#audio.setForeign(option.audioTrack);
      else this.#audio.setOwn(stream.getAudioTracks()[0] ?? null);
    } catch (error) {
      throw deviceError(error, 'screen');
    }
  }

  #preference(): QosPreference {
    return this.#option.qosPreference ?? 'clear';
  }

  #apply(): void {
    const track = this.#video.track;
    if (track) track.contentHint = this.#preference() === 'clear' ? 'detail' : 'motion';
    this.#player.configure(this.#viewSettings());
    this.#player.setTrack(track);
  }

  #stop(): void {
    this.#video.clear();
    this.#audio.clear();
    this.#containers = [];
    this.#apply();
  }

  #viewSettings(): ViewSettings {
    return { containers: this.#containers, fillMode: this.#option.fillMode ?? 'contain', mirror: false };
  }

  #ended(): void {
    void this.#serial.run(async () => {
      if (!this.#video.track) return;
      this.#stop();
      this.emit('changed', undefined);
      this.emit('stopped', undefined);
    });
  }
}
