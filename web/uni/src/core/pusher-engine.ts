/**
 * One live-pusher: what its attributes and its context ask for, made true by the SDK, and told back as
 * the numbers that existing projects know.
 *
 * The room (visit.ts), the camera and the microphone each follow a question of their own, so that none
 * waits for another. All three look at what is wanted when they get to it: a component that goes in the
 * middle of entering leaves nothing on.
 */

import type { DuetClient, DuetEvents } from '@duet/sdk';
import type { PusherAttributes, RawAttributes } from './attributes.js';
import { pusherAttributes } from './attributes.js';
import { Background } from './background.js';
import { Camera } from './camera.js';
import { PUSHER_CODE, wordsOf } from './codes.js';
import { EncoderWatch } from './encoder-watch.js';
import type { EffectiveConfig } from './environments.js';
import { serverOf } from './environments.js';
import type { Failure } from './failures.js';
import { deviceFailure } from './failures.js';
import type { NetStatus } from './figures.js';
import { pusherFigures } from './figures.js';
import type { Cancel, Host } from './host.js';
import { Microphone } from './microphone.js';
import { asksForSmall } from './room-url.js';
import type { Picture } from './player-engine.js';
import { pngSize } from './snapshot.js';
import type { Stage } from './stage.js';
import { SEI_CMD_ID } from './stage.js';
import { Visit } from './visit.js';

export interface PusherEvents {
  statechange: { code: number; message: string };
  netstatus: { info: NetStatus };
  error: { errCode: number; errMsg: string };
  bgmstart: { code: number };
  /** Milliseconds. */
  bgmprogress: { progress: number; duration: number };
  /** code 0, or -1 with why. */
  bgmcomplete: { code: number; message: string };
  audiovolumenotify: { volume: number };
  /** Duet's own: a message to the room or to this user alone. */
  roommessage: { userID: string; cmdID: number; data: ArrayBuffer };
  /** Duet's own: another member's connection is lost and its seat kept, or it is back. */
  memberstate: { userID: string; state: 'paused' | 'resumed' };
}

export type PusherSink = <E extends keyof PusherEvents>(event: E, detail: PusherEvents[E]) => void;

/** What `sendMessage` and `sendRoomMessage` send. */
export interface RoomMessage {
  /** One receiver; default everybody. */
  to?: string;
  /** 1..10 */
  cmdID: number;
  /** At most 1 KiB. */
  data: ArrayBuffer;
}

const POOR = 4;

export class PusherEngine {
  readonly #host: Host;
  readonly #stage: Stage;
  readonly #emit: PusherSink;
  readonly #client: DuetClient;
  readonly #camera: Camera;
  readonly #microphone: Microphone;
  readonly #background: Background;
  readonly #visit: Visit;
  readonly #encoder = new EncoderWatch();
  #attributes: PusherAttributes = pusherAttributes({});
  #started = false;
  #previewing = false;
  #paused = false;
  #hidden = false;
  #destroyed = false;
  /** Switched by switchCamera; an attribute that changes wins. */
  #front: boolean | null = null;
  #quality = 0;
  #pushing = false;
  #size = '';
  #cancelGesture: Cancel = () => {};

  constructor(host: Host, stage: Stage, config: () => EffectiveConfig, emit: PusherSink) {
    this.#host = host;
    this.#stage = stage;
    this.#emit = (event, detail) => {
      if (!this.#destroyed) emit(event, detail);
    };
    this.#client = host.createClient();
    this.#camera = new Camera(host, this.#client, {
      opened: () => this.#tell(PUSHER_CODE.CAMERA_OPEN),
      failed: (error) => this.#fail(deviceFailure('camera', error)),
    });
    this.#microphone = new Microphone(host, this.#client, {
      failed: (error) => this.#fail(deviceFailure('microphone', error)),
    });
    this.#background = new Background(host, config, {
      visible: (visible) => {
        this.#hidden = !visible;
        this.#applyDevices();
      },
      suspended: (how) => this.#suspend(how),
      resumed: () => this.#resumeFromBackground(),
    });
    this.#visit = new Visit(this.#client, stage, {
      wantedUrl: () => (this.#started && !this.#destroyed ? this.#attributes.url : ''),
      serverOf: (room) => room.server ?? serverOf(config(), room.cloudenv, host.origin()),
      isOnline: () => host.isOnline(),
      isSuspended: () => this.#background.suspended,
      tell: (code, message) => this.#tell(code, message),
      fail: (failure) => this.#fail(failure),
      ended: () => {
        this.#pushing = false;
        this.#quality = 0;
      },
    });
    this.#listen();
  }

  get attributes(): PusherAttributes {
    return this.#attributes;
  }

  setAttributes(raw: RawAttributes): void {
    if (this.#destroyed) return;
    const before = this.#attributes;
    const now = pusherAttributes(raw);
    this.#attributes = now;
    if (now.devicePosition !== before.devicePosition) this.#front = null;
    if (now.autopush && now.url !== '' && (now.url !== before.url || !before.autopush)) this.#started = true;
    if (now.url !== before.url) this.#visit.forgive();
    this.#apply();
  }

  /** Where the own picture is shown. */
  setView(view: HTMLElement | null): void {
    this.#camera.setView(view);
  }

  wantVolume(on: boolean): void {
    this.#stage.wantVolume(this, on && !this.#destroyed);
  }

  // --- what the context asks for ---

  start(): void {
    if (this.#destroyed) return;
    this.#started = true;
    this.#paused = false;
    this.#visit.forgive();
    this.#camera.forgive();
    this.#microphone.forgive();
    this.#apply();
  }

  /** Also for an engine that is gone: there is nothing left to stop. */
  stop(): void {
    this.#started = false;
    if (!this.#destroyed) this.#apply();
  }

  pause(): void {
    this.#paused = true;
    this.#applyDevices();
  }

  resume(): void {
    this.#paused = false;
    this.#applyDevices();
  }

  startPreview(): void {
    this.#previewing = true;
    this.#applyDevices();
  }

  stopPreview(): void {
    this.#previewing = false;
    this.#applyDevices();
  }

  switchCamera(): void {
    this.#front = !this.#isFront();
    this.#applyDevices();
  }

  /** Of the camera that is on; null = it cannot be zoomed, or `zoom` is off. */
  zoomRange(): ReturnType<Camera['zoomRange']> {
    return this.#attributes.zoom ? this.#camera.zoomRange() : null;
  }

  setZoom(value: number): void {
    if (this.#attributes.zoom) this.#camera.setZoom(value);
  }

  /** Throws when there is no picture. */
  snapshot(): Picture {
    const picture = this.#client.getVideoSnapshot();
    if (!picture) throw new Error('there is no picture to take: is the camera on?');
    return { tempImagePath: this.#host.pictureUrl(picture), ...pngSize(picture) };
  }

  playBGM(url: string): void {
    if (typeof url !== 'string' || url === '') throw new Error('playBGM needs a url');
    this.#microphone.playMusic(url, {
      started: () => this.#emit('bgmstart', { code: 0 }),
      progress: (progress, duration) => this.#emit('bgmprogress', { progress, duration }),
      completed: () => this.#emit('bgmcomplete', { code: 0, message: '' }),
      failed: (message) => this.#emit('bgmcomplete', { code: -1, message }),
    });
  }

  stopBGM(): void {
    this.#microphone.stopMusic();
  }

  pauseBGM(): void {
    this.#microphone.pauseMusic();
  }

  resumeBGM(): void {
    this.#microphone.resumeMusic();
  }

  /** 0..1 and above; 1 = as it is. */
  setBGMVolume(volume: number): void {
    this.#microphone.setMusicVolume(checkedVolume(volume));
  }

  setMICVolume(volume: number): void {
    this.#microphone.setMicrophoneVolume(checkedVolume(volume));
  }

  /** To the players of the others that have enable-recv-message. At most 1 KiB. */
  sendMessage(text: string): void {
    this.sendRoomMessage({ cmdID: SEI_CMD_ID, data: new TextEncoder().encode(text).buffer as ArrayBuffer });
  }

  /** Throws when not in a room, when it is too long, or when there were too many. */
  sendRoomMessage({ to, cmdID, data }: RoomMessage): void {
    this.#client.sendCustomMessage({ cmdId: cmdID, data, ...(to === undefined ? {} : { to }) });
  }

  /** Leaves, and releases every device. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#background.dispose();
    this.#cancelGesture();
    this.#camera.dispose();
    this.#microphone.dispose();
    this.#stage.wantVolume(this, false);
    this.#stage.detach(this.#client);
    this.#client.exitRoom().catch(() => undefined).finally(() => this.#client.destroy());
  }

  #apply(): void {
    this.#visit.update();
    this.#applyDevices();
  }

  // --- the background ---

  #suspend(how: 'hidden' | 'frozen'): void {
    if (!this.#started) return;
    this.#client.suspend();
    this.#applyDevices();
    this.#tell(how === 'frozen' ? PUSHER_CODE.FROZEN : PUSHER_CODE.SUSPENDED);
  }

  #resumeFromBackground(): void {
    this.#client.resume();
    this.#applyDevices();
  }

  // --- the devices ---

  #isFront(): boolean {
    return this.#front ?? this.#attributes.devicePosition === 'front';
  }

  #applyDevices(): void {
    if (this.#destroyed) return;
    const a = this.#attributes;
    const pushing = this.#started && a.url !== '' && !this.#visit.isRefused(a.url);
    const { suspended } = this.#background;
    const front = this.#isFront();
    void this.#camera.set({
      on: a.enableCamera && (pushing || this.#previewing),
      suspended,
      paused: this.#paused,
      device: { front, width: a.videoWidth, height: a.videoHeight, zoom: a.zoom },
      bitrate: Math.max(a.minBitrate, a.maxBitrate),
      look: { beauty: a.beauty, whiteness: a.whiteness, style: a.beautyStyle, filter: a.filter },
      waitingImage: a.waitingImage,
      fillMode: a.objectFit,
      mirrorPreview: a.localMirror === 'auto' ? front : a.localMirror === 'enable',
      mirrorSent: a.remoteMirror,
      small: asksForSmall(a.url) ? true : undefined,
      autoFocus: a.autoFocus,
    });
    void this.#microphone.set({
      on: a.enableMic && pushing,
      suspended,
      silent: a.muted || this.#paused || (this.#hidden && a.backgroundMute),
      device: { agc: a.enableAgc, ans: a.enableAns },
      profile: a.audioQuality === 'low' ? 'standard' : 'standard-stereo',
      reverb: a.audioReverbType,
      earMonitor: a.enableEarMonitor,
    });
  }

  // --- what the SDK tells ---

  #listen(): void {
    const client = this.#client;
    client.on('remote-user-paused', ({ userId }) => this.#emit('memberstate', { userID: userId, state: 'paused' }));
    client.on('remote-user-resumed', ({ userId }) => this.#emit('memberstate', { userID: userId, state: 'resumed' }));
    client.on('publish-state-changed', (change) => this.#publishChanged(change));
    client.on('first-video-frame', ({ userId }) => {
      if (userId === '') this.#tell(PUSHER_CODE.FIRST_FRAME_CAPTURED);
    });
    client.on('video-size-changed', ({ userId, newWidth, newHeight }) => {
      if (userId === '') this.#resized(`${newWidth}x${newHeight}`);
    });
    client.on('network-quality', ({ uplinkNetworkQuality }) => {
      if (uplinkNetworkQuality >= POOR && this.#quality < POOR) this.#tell(PUSHER_CODE.UPLINK_POOR);
      this.#quality = uplinkNetworkQuality;
    });
    client.on('statistics', (statistics) => this.#figures(statistics));
    client.on('audio-volume', ({ result }) => {
      const own = result.find(({ userId }) => userId === '');
      if (own) this.#emit('audiovolumenotify', { volume: own.volume });
    });
    client.on('custom-message', ({ userId, cmdId, data }) => {
      if (cmdId !== SEI_CMD_ID) this.#emit('roommessage', { userID: userId, cmdID: cmdId, data });
    });
    client.on('autoplay-failed', ({ resume }) => {
      this.#cancelGesture();
      this.#cancelGesture = this.#host.onGesture(() => void resume());
    });
  }

  #publishChanged({ mediaType, state }: DuetEvents['publish-state-changed']): void {
    if (state !== 'started' || mediaType === 'screen') return;
    if (!this.#pushing) {
      this.#pushing = true;
      this.#tell(PUSHER_CODE.PUSHING);
    }
    if (mediaType === 'video') this.#tell(PUSHER_CODE.ENCODER_STARTED);
  }

  #resized(size: string): void {
    if (this.#size !== '' && size !== this.#size) {
      this.#tell(PUSHER_CODE.RESOLUTION_CHANGED, `${wordsOf(PUSHER_CODE.RESOLUTION_CHANGED)}: ${size}`);
    }
    this.#size = size;
  }

  #figures(statistics: DuetEvents['statistics']): void {
    void this.#client.getPeerConnectionStats().catch(() => []).then((entries) => {
      if (!this.#visit.on) return;
      if (this.#encoder.fellBack(entries)) this.#tell(PUSHER_CODE.SOFTWARE_ENCODER);
      this.#emit('netstatus', { info: pusherFigures(statistics, entries, this.#quality) });
    });
  }

  #fail({ codes, message }: Failure): void {
    for (const code of codes) this.#tell(code, message);
    this.#emit('error', { errCode: codes[codes.length - 1]!, errMsg: message });
    this.#applyDevices(); // a url that was refused needs no camera
  }

  #tell(code: number, message = wordsOf(code)): void {
    this.#emit('statechange', { code, message });
  }
}

/** Volumes come as 0..1 from newer projects and 0..100 from the SDK's own examples; both are read. */
function checkedVolume(volume: number): number {
  const value = Number(volume);
  if (!Number.isFinite(value) || value < 0) throw new Error('a volume is a number of at least 0; 1 is as it is');
  return value > 2 ? value / 100 : value;
}
