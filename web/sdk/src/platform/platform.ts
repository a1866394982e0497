/**
 * Everything the SDK asks of the browser, as small interfaces.
 *
 * Nothing outside this folder touches a global of the browser, so that the whole SDK runs in Node
 * against a fake. Interfaces are the narrowest that the SDK needs; browser objects satisfy most of
 * them as they are.
 */

import type { View } from '../types.js';

/** Stops a timer or a listener; calling it again does nothing. */
export type Cancel = () => void;

export interface SocketHandlers {
  open(): void;
  message(text: string): void;
  /** Exactly once, also when the socket could not be opened; not after close(). */
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface Receiver {
  readonly track: MediaStreamTrack;
  /** Milliseconds to keep before playing, at least; null = as little as the network allows. Not in all browsers. */
  jitterBufferTarget?: number | null;
}

export interface Sender {
  replaceTrack(track: MediaStreamTrack | null): Promise<void>;
  getParameters(): RTCRtpSendParameters;
  setParameters(parameters: RTCRtpSendParameters): Promise<void>;
}

export interface Transceiver {
  readonly mid: string | null;
  readonly sender: Sender;
  readonly receiver: Receiver;
  setCodecPreferences?(codecs: RTCRtpCodec[]): void;
}

export interface PeerConnection {
  readonly connectionState: RTCPeerConnectionState;
  addTransceiver(
    kind: 'audio' | 'video', init: { direction: 'sendonly' | 'recvonly'; sendEncodings?: RTCRtpEncodingParameters[] },
  ): Transceiver;
  createOffer(): Promise<RTCSessionDescriptionInit>;
  setLocalDescription(description: RTCLocalSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  getStats(): Promise<{ forEach(visit: (entry: unknown) => void): void }>;
  close(): void;
}

export interface Size {
  width: number;
  height: number;
}

export type ObjectFit = 'contain' | 'cover' | 'fill';
export type MediaState = 'PLAYING' | 'PAUSED' | 'STOPPED';

export interface VideoElementEvents {
  /** A frame of a newly set track is on the screen. Once per setTrack. */
  firstFrame(size: Size): void;
  /** The picture's size, whenever it changes. */
  resized(size: Size): void;
  /** The box on the page changed its size. */
  boxResized(): void;
  stateChanged(state: MediaState): void;
  /** The browser refuses to play without a gesture of the user. */
  blocked(): void;
}

/** One muted <video> in one container. */
export interface VideoElement {
  /**
   * Shows a track. When a picture is shown already it stays until the new track's first frame, so
   * that a change of connection is not seen. null takes the picture away at once.
   */
  setTrack(track: MediaStreamTrack | null): void;
  setFit(fit: ObjectFit): void;
  setMirror(mirror: boolean): void;
  /** Size of the box on the page in CSS pixels; 0 x 0 when it is not laid out. */
  boxSize(): Size;
  /** Size of the picture; 0 x 0 before the first frame. */
  pictureSize(): Size;
  play(): Promise<void>;
  /** A PNG data URL, '' before the first frame. */
  snapshot(): string;
  dispose(): void;
}

export interface AudioElementEvents {
  stateChanged(state: MediaState): void;
  blocked(): void;
}

/** One <audio>. */
export interface AudioElement {
  setTrack(track: MediaStreamTrack | null): void;
  /** 1 = as received; more amplifies where the browser can. */
  setVolume(volume: number): void;
  play(): Promise<void>;
  dispose(): void;
}

/** Reads how loud a local track is. */
export interface LevelMeter {
  /** The loudest root mean square over 20 ms since the last call, but not longer than 0.7 s ago; 0..1. */
  level(): number;
  dispose(): void;
}

export type PermissionName = 'camera' | 'microphone';

export interface Platform {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** 0 <= x < 1. */
  random(): number;
  setTimer(delay_ms: number, fire: () => void): Cancel;

  /** The page's origin, such as `https://host:8443`. */
  origin(): string;
  isHidden(): boolean;
  onVisibilityChange(listener: () => void): Cancel;
  onOnline(listener: () => void): Cancel;
  /** `persisted`: the page may come back from the browser's page cache. */
  onPageHide(listener: (persisted: boolean) => void): Cancel;

  openSocket(url: string, handlers: SocketHandlers): Socket;
  createPeerConnection(onConnectionState: () => void): PeerConnection;
  /** Video codecs that can be received, in the browser's order. */
  videoCodecs(): RTCRtpCodec[];

  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream>;
  getDisplayMedia(constraints: DisplayMediaStreamOptions): Promise<MediaStream>;
  enumerateDevices(): Promise<MediaDeviceInfo[]>;
  onDeviceChange(listener: () => void): Cancel;
  /** null where the browser does not tell. */
  queryPermission(name: PermissionName): Promise<PermissionState | null>;
  onPermissionChange(listener: () => void): Cancel;

  /** Resolves ids; throws INVALID_PARAMETER when there is no such element. */
  resolveView(view: View): HTMLElement[];
  createVideoElement(container: HTMLElement, events: VideoElementEvents): VideoElement;
  createAudioElement(events: AudioElementEvents): AudioElement;
  createLevelMeter(track: MediaStreamTrack): LevelMeter;
  /** A live copy of the track with left and right exchanged. */
  createMirroredTrack(track: MediaStreamTrack): MediaStreamTrack;
  /** Applies to audio elements that exist and to later ones. */
  setSpeaker(deviceId: string): Promise<void>;
}
