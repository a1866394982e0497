/** The microphone: captured or given by the application, muted or not, with what happens when it is unplugged. */

import { invalidOperation } from '../errors.js';
import type { Platform } from '../platform/platform.js';
import { audioProfile } from '../profiles.js';
import type { AudioProfile } from '../profiles.js';
import type { LocalAudioConfig, LocalAudioOption, UpdateLocalAudioConfig } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { Serial } from '../util/serial.js';
import { microphoneConstraints } from './constraints.js';
import { deviceError, deviceLost } from './device-errors.js';
import type { LocalSourceEvents, Publication } from './local-source.js';
import { Capture } from './local-source.js';

export class LocalAudio extends Emitter<LocalSourceEvents> {
  readonly #platform: Platform;
  readonly #serial = new Serial();
  readonly #capture: Capture;
  #profile: AudioProfile = audioProfile();
  #option: LocalAudioOption = {};
  #publish = true;
  #mute = false;
  #started = false;

  constructor(platform: Platform) {
    super();
    this.#platform = platform;
    this.#capture = new Capture(() => this.#ended());
  }

  get track(): MediaStreamTrack | null {
    return this.#capture.track;
  }

  start(config: LocalAudioConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (this.#started) throw invalidOperation('the microphone is started already; use updateLocalAudio');
      const option = { ...config.option };
      const profile = audioProfile(option.profile);
      await this.#open(option, profile);
      this.#option = option;
      this.#profile = profile;
      this.#publish = config.publish ?? true;
      this.#started = true;
      this.#setMute(config.mute ?? false);
    });
  }

  update(config: UpdateLocalAudioConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (!this.#started) throw invalidOperation('the microphone is not started; use startLocalAudio');
      const option = { ...this.#option, ...config.option };
      if (config.option?.microphoneId && !config.option.audioTrack) delete option.audioTrack;
      if (mustReopen(this.#option, option)) await this.#open(option, this.#profile);
      this.#option = option;
      this.#publish = config.publish ?? this.#publish;
      this.#setMute(config.mute ?? this.#mute);
    });
  }

  stop(): Promise<void> {
    return this.#serial.run(async () => this.#stop());
  }

  /** What is to be sent now; null = nothing. */
  publication(): Publication | null {
    const track = this.#capture.track;
    if (!track || !this.#publish) return null;
    const { bitrate, channels } = this.#profile;
    return { outgoing: { track, encoding: { bitrate, stereo: channels === 2 } }, on: !this.#mute };
  }

  #stop(): void {
    this.#started = false;
    this.#capture.clear();
  }

  async #open(option: LocalAudioOption, profile: AudioProfile): Promise<void> {
    if (option.audioTrack) {
      this.#capture.setForeign(option.audioTrack);
      return;
    }
    try {
      const stream = await this.#platform.getUserMedia({ audio: microphoneConstraints(profile, option) });
      this.#capture.setOwn(stream.getAudioTracks()[0] ?? null);
    } catch (error) {
      throw deviceError(error, 'microphone');
    }
  }

  #setMute(mute: boolean): void {
    this.#mute = mute;
    if (this.#capture.track) this.#capture.track.enabled = !mute;
  }

  /** The device is gone: goes on with another one if there is any. */
  #ended(): void {
    void this.#serial.run(async () => {
      if (!this.#started) return;
      const { microphoneId: _gone, audioTrack, ...option } = this.#option;
      try {
        if (audioTrack) throw deviceLost('microphone');
        await this.#open(option, this.#profile);
        this.#option = option;
        this.#setMute(this.#mute);
        this.emit('replaced', this.#capture.track!);
      } catch (error) {
        this.#stop();
        this.emit('lost', deviceLost('microphone', error));
      }
      this.emit('changed', undefined);
    });
  }
}

function mustReopen(before: LocalAudioOption, after: LocalAudioOption): boolean {
  const members = ['microphoneId', 'audioTrack', 'echoCancellation', 'autoGainControl', 'noiseSuppression'] as const;
  return members.some((member) => before[member] !== after[member]);
}
