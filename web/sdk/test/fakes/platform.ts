/** A whole browser that only remembers, with the fake server at the other end of its sockets. */

import type {
  AudioElementEvents, Cancel, LevelMeter, PermissionName, Platform, Socket, SocketHandlers,
  VideoElementEvents,
} from '../../src/platform/platform.js';
import { invalidParameter } from '../../src/errors.js';
import type { View } from '../../src/types.js';
import { FakeAudio, fakeStream, FakePeerConnection, FakeTrack, FakeVideo } from './media.js';
import { FakeServer } from './server.js';
import { FakeTime } from './time.js';

class Listeners<A extends unknown[]> {
  readonly #all = new Set<(...args: A) => void>();

  add(listener: (...args: A) => void): Cancel {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  fire(...args: A): void {
    for (const listener of [...this.#all]) listener(...args);
  }
}

export function device(kind: MediaDeviceKind, deviceId: string, label = deviceId): MediaDeviceInfo {
  return { kind, deviceId, label, groupId: '', toJSON: () => ({}) };
}

export function codec(mimeType: string, sdpFmtpLine?: string): RTCRtpCodec {
  return { mimeType, clockRate: 90_000, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) };
}

export class FakePlatform implements Platform {
  readonly time = new FakeTime();
  readonly server = new FakeServer();
  readonly connections: FakePeerConnection[] = [];
  readonly allVideos: FakeVideo[] = [];
  readonly allAudios: FakeAudio[] = [];
  readonly captures: Array<{ constraints: MediaStreamConstraints; tracks: FakeTrack[]; othersLive: number }> = [];
  /** Thrown by the captures to come, first one first; null lets one through. */
  readonly captureErrors: Array<Error | null> = [];
  devices: MediaDeviceInfo[] = [
    device('videoinput', 'cam-1'), device('audioinput', 'mic-1'), device('audiooutput', 'spk-1')];
  hidden = false;
  connects = true;
  /** The server answers simulcast. */
  simulcast = true;
  codecs = [
    codec('video/VP8'), codec('video/rtx'), codec('video/VP9', 'profile-id=0'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
  ];
  cameraSize = { width: 640, height: 480 };
  level = 0;
  readonly online = new Listeners<[]>();
  readonly visibility = new Listeners<[]>();
  readonly pageHide = new Listeners<[boolean]>();
  readonly deviceChange = new Listeners<[]>();
  readonly permissionChange = new Listeners<[]>();
  permissions: Record<PermissionName, PermissionState | null> = { camera: 'granted', microphone: 'granted' };
  readonly #elements = new Map<string, HTMLElement>();

  /** The present connection. */
  get pc(): FakePeerConnection {
    return this.connections.at(-1)!;
  }

  /** Elements that are in the page now. */
  get videos(): FakeVideo[] {
    return this.allVideos.filter((v) => !v.disposed);
  }

  get audios(): FakeAudio[] {
    return this.allAudios.filter((a) => !a.disposed);
  }

  /** An element of the page with this id. */
  element(id: string): HTMLElement {
    const element = this.#elements.get(id) ?? ({ id } as HTMLElement);
    this.#elements.set(id, element);
    return element;
  }

  videoIn(id: string): FakeVideo | undefined {
    return this.videos.find((v) => v.container === this.element(id));
  }

  now(): number {
    return this.time.now_ms;
  }

  random(): number {
    return 0.5;
  }

  setTimer(delay_ms: number, fire: () => void): Cancel {
    return this.time.setTimer(delay_ms, fire);
  }

  origin(): string {
    return 'https://page.example:8443';
  }

  isHidden(): boolean {
    return this.hidden;
  }

  onVisibilityChange(listener: () => void): Cancel {
    return this.visibility.add(listener);
  }

  onOnline(listener: () => void): Cancel {
    return this.online.add(listener);
  }

  onPageHide(listener: (persisted: boolean) => void): Cancel {
    return this.pageHide.add(listener);
  }

  openSocket(url: string, handlers: SocketHandlers): Socket {
    return this.server.connect(url, handlers);
  }

  createPeerConnection(onState: () => void): FakePeerConnection {
    const pc = new FakePeerConnection(onState, () => this.connects);
    pc.simulcast = this.simulcast;
    pc.codecs = this.codecs;
    this.connections.push(pc);
    return pc;
  }

  videoCodecs(): RTCRtpCodec[] {
    return this.codecs;
  }

  async getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    return this.#capture(constraints);
  }

  async getDisplayMedia(constraints: DisplayMediaStreamOptions): Promise<MediaStream> {
    return this.#capture(constraints);
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return this.devices;
  }

  onDeviceChange(listener: () => void): Cancel {
    return this.deviceChange.add(listener);
  }

  async queryPermission(name: PermissionName): Promise<PermissionState | null> {
    return this.permissions[name];
  }

  onPermissionChange(listener: () => void): Cancel {
    return this.permissionChange.add(listener);
  }

  resolveView(view: View): HTMLElement[] {
    if (view === null) return [];
    if (typeof view !== 'string') return Array.isArray(view) ? view : [view];
    const element = this.#elements.get(view);
    if (!element) throw invalidParameter(`there is no element with the id '${view}'`);
    return [element];
  }

  createVideoElement(container: HTMLElement, events: VideoElementEvents): FakeVideo {
    const video = new FakeVideo(container, events);
    this.allVideos.push(video);
    return video;
  }

  createAudioElement(events: AudioElementEvents): FakeAudio {
    const audio = new FakeAudio(events);
    this.allAudios.push(audio);
    return audio;
  }

  createLevelMeter(): LevelMeter {
    return { level: () => this.level, dispose: () => {} };
  }

  createMirroredTrack(): MediaStreamTrack {
    return new FakeTrack('video').asTrack();
  }

  async setSpeaker(): Promise<void> {}

  #capture(constraints: MediaStreamConstraints): MediaStream {
    const error = this.captureErrors.shift();
    if (error) throw error;
    const tracks: FakeTrack[] = [];
    const othersLive = this.captures.flatMap((c) => c.tracks).filter((t) => t.readyState === 'live').length;
    if (constraints.audio) tracks.push(new FakeTrack('audio', { deviceId: 'mic-1' }));
    if (constraints.video) tracks.push(new FakeTrack('video', { deviceId: 'cam-1', ...this.cameraSize }));
    this.captures.push({ constraints, tracks, othersLive });
    return fakeStream(tracks);
  }
}
