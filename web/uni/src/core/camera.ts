/** The pusher's camera: opened, made pretty, replaced by a picture while paused, and let go. */

import type { DuetClient, FillMode } from '@duet/sdk';
import type { CameraWish, Host, Look, Optics, PicturePass, Still } from './host.js';
import { Pump } from './pump.js';

export interface CameraSettings {
  on: boolean;
  /** In the background: the device is let go, while the room goes on believing that there is a picture. */
  suspended: boolean;
  paused: boolean;
  device: CameraWish;
  /** kbit/s */
  bitrate: number;
  look: Look;
  /** '' = none. */
  waitingImage: string;
  fillMode: FillMode;
  mirrorPreview: boolean;
  mirrorSent: boolean;
  /** In a small size too; undefined = as the room has it. */
  small: true | undefined;
  autoFocus: boolean;
}

export interface CameraReport {
  opened(): void;
  /** The browser's DOMException. */
  failed(error: unknown): void;
}

const FRAME_RATE = 15;

function deviceKey({ front, width, height, zoom }: CameraWish): string {
  return `${front ? 'front' : 'back'} ${width}x${height}${zoom ? ' zoom' : ''}`;
}

function isPlain({ beauty, whiteness, filter }: Look): boolean {
  return beauty === 0 && whiteness === 0 && (filter === 'standard' || filter === '');
}

function mirrorOf({ mirrorPreview, mirrorSent }: CameraSettings): 'view' | 'publish' | 'both' | false {
  if (mirrorSent) return mirrorPreview ? 'both' : 'publish';
  return mirrorPreview ? 'view' : false;
}

export class Camera {
  readonly #host: Host;
  readonly #client: DuetClient;
  readonly #report: CameraReport;
  readonly #pump = new Pump(() => this.#step());
  #settings: CameraSettings | null = null;
  #view: HTMLElement | null = null;
  #disposed = false;
  #device: { key: string; track: MediaStreamTrack; optics: Optics; autoFocus: boolean | null } | null = null;
  /** Not tried again until something changes. */
  #refused = '';
  #pass: PicturePass | null = null;
  #passOf: MediaStreamTrack | null = null;
  #still: { url: string; still: Still } | null = null;
  #started = false;

  constructor(host: Host, client: DuetClient, report: CameraReport) {
    this.#host = host;
    this.#client = client;
    this.#report = report;
  }

  get track(): MediaStreamTrack | null {
    return this.#device?.track ?? null;
  }

  /** Resolves when it is so, or cannot be. */
  set(settings: CameraSettings): Promise<void> {
    this.#settings = settings;
    return this.#pump.poke();
  }

  setView(view: HTMLElement | null): void {
    this.#view = view;
    void this.#pump.poke();
  }

  /** Of the open camera; null = there is none, or it cannot be zoomed. */
  zoomRange(): ReturnType<Optics['zoomRange']> {
    return this.#device?.optics.zoomRange() ?? null;
  }

  setZoom(value: number): void {
    this.#device?.optics.setZoom(value);
  }

  /** Lets a device that was refused be tried again. */
  forgive(): void {
    this.#refused = '';
    void this.#pump.poke();
  }

  /** Releases the device at once, or as soon as the browser hands it over. */
  dispose(): void {
    this.#disposed = true;
    this.#closeDevice();
    this.#dropPass();
    this.#dropStill();
  }

  async #step(): Promise<void> {
    const settings = this.#settings;
    if (!settings || this.#disposed) return;
    await this.#openOrClose(settings);
    if (this.#disposed || this.#settings !== settings) return; // the next turn knows better
    if (settings.on && settings.suspended) return;
    this.#focus(settings);
    await this.#updateStill(settings);
    if (this.#disposed) return;
    const track = settings.on ? this.#outgoing(settings) : null;
    try {
      await this.#publish(settings, track);
    } catch {
      // The room went away meanwhile; the SDK keeps the track and sends it in the next one.
    }
  }

  async #openOrClose({ on, suspended, device }: CameraSettings): Promise<void> {
    const wanted = on && !suspended ? deviceKey(device) : null;
    if (wanted === null) this.#refused = ''; // switched on again it is worth another try
    if ((this.#device?.key ?? null) === wanted) return;
    this.#closeDevice(); // first: many phones cannot open two cameras at once
    if (wanted === null || wanted === this.#refused) return;
    try {
      const track = await this.#host.openCamera(device);
      if (this.#disposed) {
        track.stop();
        return;
      }
      this.#device = { key: wanted, track, optics: this.#host.optics(track), autoFocus: null };
      this.#refused = '';
      track.onended = () => this.#lost(track);
      this.#report.opened();
    } catch (error) {
      this.#refused = wanted;
      if (!this.#disposed) this.#report.failed(error);
    }
  }

  #focus({ autoFocus }: CameraSettings): void {
    if (!this.#device || this.#device.autoFocus === autoFocus) return;
    this.#device.autoFocus = autoFocus;
    this.#device.optics.setAutoFocus(autoFocus);
  }

  /** Unplugged, or taken by another program: any other camera will do. */
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

  async #updateStill({ paused, waitingImage, on }: CameraSettings): Promise<void> {
    const wanted = on && paused ? waitingImage : '';
    if ((this.#still?.url ?? '') === wanted) return;
    this.#dropStill();
    if (wanted === '') return;
    try {
      const still = await this.#host.createStill(wanted);
      if (this.#disposed) still.dispose();
      else this.#still = { url: wanted, still };
    } catch {
      // No picture then: the others see that the camera is off.
    }
  }

  #outgoing({ look }: CameraSettings): MediaStreamTrack | null {
    if (this.#still) return this.#still.still.track;
    const camera = this.#device?.track ?? null;
    if (!camera || isPlain(look)) {
      this.#dropPass();
      return camera;
    }
    if (this.#passOf !== camera) this.#dropPass();
    if (this.#pass) this.#pass.setLook(look);
    else this.#pass = this.#host.createPicturePass(camera, look);
    this.#passOf = camera;
    return this.#pass.track;
  }

  async #publish(settings: CameraSettings, track: MediaStreamTrack | null): Promise<void> {
    if (!track) {
      if (!this.#started) return;
      this.#started = false;
      await this.#client.stopLocalVideo();
      return;
    }
    const { width, height } = settings.device;
    const config = {
      view: this.#view,
      mute: settings.paused && !this.#still,
      option: {
        videoTrack: track,
        profile: { width, height, frameRate: FRAME_RATE, bitrate: settings.bitrate },
        fillMode: settings.fillMode,
        mirror: mirrorOf(settings),
        ...(settings.small ? { small: true } : {}),
      },
    };
    if (this.#started) {
      await this.#client.updateLocalVideo(config);
    } else {
      this.#started = true;
      await this.#client.startLocalVideo(config);
    }
  }

  #dropPass(): void {
    this.#pass?.dispose();
    this.#pass = null;
    this.#passOf = null;
  }

  #dropStill(): void {
    this.#still?.still.dispose();
    this.#still = null;
  }
}
