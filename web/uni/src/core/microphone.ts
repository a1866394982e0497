/** The pusher's microphone, and the mixer that music and reverb bring in; without them it is sent as it is. */

import type { AudioProfileName, DuetClient } from '@duet/sdk';
import type { Host, MicrophoneWish, Mixer, MusicEvents } from './host.js';
import { Pump } from './pump.js';

export interface MicrophoneSettings {
  on: boolean;
  suspended: boolean;
  silent: boolean;
  device: MicrophoneWish;
  profile: AudioProfileName;
  reverb: number;
  earMonitor: boolean;
}

export interface MicrophoneReport {
  /** The browser's DOMException. */
  failed(error: unknown): void;
}

function deviceKey({ agc, ans }: MicrophoneWish): string {
  return `${agc ? 'agc' : ''} ${ans ? 'ans' : ''}`;
}

export class Microphone {
  readonly #host: Host;
  readonly #client: DuetClient;
  readonly #report: MicrophoneReport;
  readonly #pump = new Pump(() => this.#step());
  #settings: MicrophoneSettings | null = null;
  #disposed = false;
  #device: { key: string; track: MediaStreamTrack } | null = null;
  #refused = '';
  #mixer: Mixer | null = null;
  #music = false;
  #musicVolume = 1;
  #microphoneVolume = 1;
  /** The profile that is sent; null = nothing is. */
  #started: AudioProfileName | null = null;

  constructor(host: Host, client: DuetClient, report: MicrophoneReport) {
    this.#host = host;
    this.#client = client;
    this.#report = report;
  }

  /** Resolves when it is so, or cannot be. */
  set(settings: MicrophoneSettings): Promise<void> {
    this.#settings = settings;
    return this.#pump.poke();
  }

  forgive(): void {
    this.#refused = '';
    void this.#pump.poke();
  }

  /** Music goes to the others also while the microphone is off. */
  playMusic(url: string, events: MusicEvents): void {
    this.#music = true;
    const ended = (): void => {
      this.#music = false;
      void this.#pump.poke();
    };
    this.#mix().playMusic(url, {
      started: () => events.started(),
      progress: (position, duration) => events.progress(position, duration),
      completed: () => {
        events.completed();
        ended();
      },
      failed: (message) => {
        events.failed(message);
        ended();
      },
    });
    void this.#pump.poke();
  }

  stopMusic(): void {
    this.#mixer?.stopMusic();
    this.#music = false;
    void this.#pump.poke();
  }

  pauseMusic(): void {
    this.#mixer?.pauseMusic();
  }

  resumeMusic(): void {
    this.#mixer?.resumeMusic();
  }

  /** 1 = as it is. */
  setMusicVolume(volume: number): void {
    this.#musicVolume = volume;
    this.#mixer?.setMusicVolume(volume);
  }

  setMicrophoneVolume(volume: number): void {
    this.#microphoneVolume = volume;
    void this.#pump.poke();
  }

  dispose(): void {
    this.#disposed = true;
    this.#closeDevice();
    this.#mixer?.dispose();
    this.#mixer = null;
  }

  async #step(): Promise<void> {
    const settings = this.#settings;
    if (!settings || this.#disposed) return;
    await this.#openOrClose(settings);
    if (this.#disposed || this.#settings !== settings || settings.suspended) return;
    const track = this.#outgoing(settings);
    try {
      await this.#publish(settings, track);
    } catch {
      // The room went away meanwhile; the SDK keeps the track and sends it in the next one.
    }
  }

  async #openOrClose({ on, suspended, device }: MicrophoneSettings): Promise<void> {
    const wanted = on && !suspended ? deviceKey(device) : null;
    if (wanted === null) this.#refused = ''; // switched on again it is worth another try
    if ((this.#device?.key ?? null) === wanted) return;
    this.#closeDevice();
    if (wanted === null || wanted === this.#refused) return;
    try {
      const track = await this.#host.openMicrophone(device);
      if (this.#disposed) {
        track.stop();
        return;
      }
      this.#device = { key: wanted, track };
      this.#refused = '';
      track.onended = () => this.#lost(track);
    } catch (error) {
      this.#refused = wanted;
      if (!this.#disposed) this.#report.failed(error);
    }
  }

  #lost(track: MediaStreamTrack): void {
    if (this.#device?.track !== track) return;
    this.#device = null;
    void this.#pump.poke();
  }

  #closeDevice(): void {
    const track = this.#device?.track;
    this.#device = null;
    if (!track) return;
    track.onended = null;
    track.stop();
  }

  #mix(): Mixer {
    if (!this.#mixer) {
      this.#mixer = this.#host.createMixer();
      this.#mixer.setMusicVolume(this.#musicVolume);
    }
    return this.#mixer;
  }

  #outgoing({ reverb, earMonitor }: MicrophoneSettings): MediaStreamTrack | null {
    const voice = this.#device?.track ?? null;
    const mixed = this.#music || reverb !== 0 || earMonitor || this.#microphoneVolume !== 1;
    if (!mixed || (!voice && !this.#music)) {
      this.#mixer?.dispose();
      this.#mixer = null;
      return voice;
    }
    const mixer = this.#mix();
    mixer.setMicrophone(voice);
    mixer.setReverb(reverb);
    mixer.setEarMonitor(earMonitor);
    mixer.setMicrophoneVolume(this.#microphoneVolume);
    return mixer.track;
  }

  async #publish({ silent, profile }: MicrophoneSettings, track: MediaStreamTrack | null): Promise<void> {
    if (this.#started !== null && (!track || this.#started !== profile)) {
      this.#started = null;
      await this.#client.stopLocalAudio(); // a profile is chosen when sound starts
    }
    if (!track) return;
    if (this.#started !== null) {
      await this.#client.updateLocalAudio({ mute: silent, option: { audioTrack: track } });
    } else {
      this.#started = profile;
      await this.#client.startLocalAudio({ mute: silent, option: { audioTrack: track, profile } });
    }
  }
}
