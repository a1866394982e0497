/** The camera: captured or given by the application, shown in a preview, sent mirrored if asked for. */

import { invalidOperation } from '../errors.js';
import type { Platform, Size } from '../platform/platform.js';
import { videoProfile } from '../profiles.js';
import type { ViewSettings } from '../session/views.js';
import type { LocalVideoConfig, LocalVideoOption, QosPreference } from '../types.js';
import { Emitter } from '../util/emitter.js';
import { Serial } from '../util/serial.js';
import { cameraConstraints } from './constraints.js';
import { deviceError, deviceLost, isOverconstrained } from './device-errors.js';
import type { SmallWish } from './layers.js';
import type { LocalSourceEvents, Publication } from './local-source.js';
import { Capture } from './local-source.js';
import type { Encoding } from './transport.js';
import type { VideoPlayerEvents } from './video-player.js';
import { VideoPlayer } from './video-player.js';

export function degradation(preference: QosPreference): RTCDegradationPreference {
  return preference === 'clear' ? 'maintain-resolution' : 'maintain-framerate';
}

export class LocalVideo extends Emitter<LocalSourceEvents> {
  readonly #platform: Platform;
  readonly #serial = new Serial();
  readonly #capture: Capture;
  readonly #player: VideoPlayer;
  #mirrored: { source: MediaStreamTrack; track: MediaStreamTrack } | null = null;
  #containers: HTMLElement[] = [];
  #option: LocalVideoOption = {};
  #publish = true;
  #mute = false;
  #started = false;

  constructor(platform: Platform, preview: VideoPlayerEvents) {
    super();
    this.#platform = platform;
    this.#capture = new Capture(() => this.#ended());
    this.#player = new VideoPlayer(platform, this.#viewSettings(), preview);
  }

  get track(): MediaStreamTrack | null {
    return this.#capture.track;
  }

  snapshot(): string {
    return this.#player.snapshot();
  }

  play(): Promise<void> {
    return this.#player.play();
  }

  start(config: LocalVideoConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (this.#started) throw invalidOperation('the camera is started already; use updateLocalVideo');
      const containers = this.#resolve(config);
      const option = { ...config.option };
      checkProfiles(option); // before the camera is opened for nothing
      await this.#open(option);
      this.#option = option;
      this.#containers = containers ?? [];
      this.#publish = config.publish ?? true;
      this.#mute = config.mute ?? false;
      this.#started = true;
      this.#apply();
    });
  }

  update(config: LocalVideoConfig): Promise<void> {
    return this.#serial.run(async () => {
      if (!this.#started) throw invalidOperation('the camera is not started; use startLocalVideo');
      const containers = this.#resolve(config);
      const option = merged(this.#option, config.option ?? {});
      checkProfiles(option);
      if (mustReopen(this.#option, option)) await this.#reopen(option);
      this.#option = option;
      this.#containers = containers ?? this.#containers;
      this.#publish = config.publish ?? this.#publish;
      this.#mute = config.mute ?? this.#mute;
      this.#apply();
    });
  }

  stop(): Promise<void> {
    return this.#serial.run(async () => this.#stop());
  }

  /** What is to be sent now; null = nothing. */
  publication(): Publication | null {
    const source = this.#capture.track;
    if (!source || !this.#publish) return null;
    const profile = videoProfile(this.#option.profile);
    const encoding: Encoding = {
      bitrate: profile.bitrate,
      frameRate: profile.frameRate,
      degradation: degradation(this.#option.qosPreference ?? 'smooth'),
      size: sizeOf(source) ?? { width: profile.width, height: profile.height },
    };
    const small = smallWish(this.#option);
    if (small !== undefined) encoding.small = small;
    return { outgoing: { track: this.#mirrored?.track ?? source, encoding }, on: !this.#mute };
  }

  #stop(): void {
    this.#started = false;
    this.#capture.clear();
    this.#containers = [];
    this.#apply();
  }

  #resolve({ view }: LocalVideoConfig): HTMLElement[] | undefined {
    return view === undefined ? undefined : this.#platform.resolveView(view);
  }

  /** Many phones cannot open two cameras at once: the old one is closed first, and reopened on failure. */
  async #reopen(option: LocalVideoOption): Promise<void> {
    this.#capture.clear();
    try {
      await this.#open(option);
    } catch (error) {
      await this.#open(this.#option).catch(() => this.#stop());
      this.#apply();
      throw error;
    }
  }

  async #open(option: LocalVideoOption): Promise<void> {
    if (option.videoTrack) {
      this.#capture.setForeign(option.videoTrack);
      return;
    }
    try {
      const stream = await this.#getCamera(option);
      this.#capture.setOwn(stream.getVideoTracks()[0] ?? null);
    } catch (error) {
      throw deviceError(error, 'camera');
    }
  }

  async #getCamera(option: LocalVideoOption): Promise<MediaStream> {
    const profile = videoProfile(option.profile);
    try {
      return await this.#platform.getUserMedia({ video: cameraConstraints(profile, option, true) });
    } catch (error) {
      // A computer has no camera that looks to the front or the back; any will do.
      if (option.cameraId || option.useFrontCamera === undefined || !isOverconstrained(error)) throw error;
      return this.#platform.getUserMedia({ video: cameraConstraints(profile, option, false) });
    }
  }

  #apply(): void {
    const track = this.#capture.track;
    if (track) track.enabled = !this.#mute;
    this.#updateMirrored();
    this.#player.configure(this.#viewSettings());
    this.#player.setTrack(track);
  }

  #updateMirrored(): void {
    const { mirror } = this.#option;
    const source = this.#publish && (mirror === 'publish' || mirror === 'both') ? this.#capture.track : null;
    if (this.#mirrored?.source !== source) {
      this.#mirrored?.track.stop();
      this.#mirrored = source && { source, track: this.#platform.createMirroredTrack(source) };
    }
    if (this.#mirrored) this.#mirrored.track.enabled = !this.#mute;
  }

  #viewSettings(): ViewSettings {
    return {
      containers: this.#containers,
      fillMode: this.#option.fillMode ?? 'cover',
      mirror: this.#mirrorsView(),
    };
  }

  /** Unless told otherwise people see themselves as in a mirror, but not the world behind the phone. */
  #mirrorsView(): boolean {
    const { mirror } = this.#option;
    if (mirror !== undefined) return mirror === true || mirror === 'view' || mirror === 'both';
    return this.#capture?.track?.getSettings().facingMode !== 'environment';
  }

  /** The camera is gone: goes on with another one if there is any. */
  #ended(): void {
    void this.#serial.run(async () => {
      if (!this.#started) return;
      const { cameraId: _gone, videoTrack, ...option } = this.#option;
      try {
        if (videoTrack) throw deviceLost('camera');
        await this.#open(option);
        this.#option = option;
        this.#apply();
        this.emit('replaced', this.#capture.track!);
      } catch (error) {
        this.#stop();
        this.emit('lost', deviceLost('camera', error));
      }
      this.emit('changed', undefined);
    });
  }
}

/** A camera named in one way replaces one named in another. */
function merged(before: LocalVideoOption, change: LocalVideoOption): LocalVideoOption {
  const after = { ...before, ...change };
  if (change.videoTrack) return after;
  if (change.cameraId !== undefined) {
    delete after.useFrontCamera;
    delete after.videoTrack;
  } else if (change.useFrontCamera !== undefined) {
    delete after.cameraId;
    delete after.videoTrack;
  }
  return after;
}

function smallWish({ small }: LocalVideoOption): SmallWish {
  return typeof small === 'string' || typeof small === 'object' ? videoProfile(small) : small;
}

function checkProfiles(option: LocalVideoOption): void {
  videoProfile(option.profile);
  smallWish(option);
}

/** What is captured need not be what was asked for; canvases and files may not tell. */
function sizeOf(track: MediaStreamTrack): Size | undefined {
  const { width, height } = track.getSettings();
  return width && height ? { width, height } : undefined;
}

function mustReopen(before: LocalVideoOption, after: LocalVideoOption): boolean {
  const a = videoProfile(before.profile);
  const b = videoProfile(after.profile);
  return before.cameraId !== after.cameraId || before.useFrontCamera !== after.useFrontCamera
    || before.videoTrack !== after.videoTrack
    || a.width !== b.width || a.height !== b.height || a.frameRate !== b.frameRate;
}
