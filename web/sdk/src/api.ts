/** The public API as interfaces, for layers that wrap or replace the class `Duet`. */

import type { ERROR_CODE } from './errors.js';
import type { DuetEvents, DuetHandler, EVENT } from './events.js';
import type {
  CreateOptions, CustomMessage, EnterRoomParams, LocalAudioConfig, LocalVideoConfig, LogLevel,
  PermissionQuery, Permissions, RemoteVideoConfig, ScreenShareConfig, StatsEntry,
  StopRemoteVideoConfig, SupportResult, TrackConfig, TYPE, UpdateLocalAudioConfig,
  UpdateLocalVideoConfig, UpdateScreenShareConfig,
} from './types.js';

/**
 * One user's presence in at most one room. Every promise rejects with an RtcError.
 *
 * Local capture is independent of the room: it may be started before enterRoom and survives
 * exitRoom. View settings belong to the visit of a room: they may be given before the stream or
 * even the user exists, outlive every reconnect, and end with exitRoom.
 */
export interface DuetClient {
  /** Resolves when the server has let the user in; media follow one ICE check later. */
  enterRoom(params: EnterRoomParams): Promise<void>;
  /** Leaves; local capture and preview keep running. Resolves at once outside a room. */
  exitRoom(): Promise<void>;
  /**
   * Duet's own: the application goes to the background. The others see this user "paused", the seat is
   * kept as after a lost connection, and nothing is sent or received until resume(). Capture goes on;
   * whoever suspends also decides about the devices. Without effect outside a room.
   */
  suspend(): void;
  /** Duet's own: takes the seat back, with everything as it was. */
  resume(): void;
  /** Ends everything: leaves the room, releases devices, removes all handlers. */
  destroy(): void;

  startLocalAudio(config?: LocalAudioConfig): Promise<void>;
  /** Only what is given changes. */
  updateLocalAudio(config: UpdateLocalAudioConfig): Promise<void>;
  stopLocalAudio(): Promise<void>;

  startLocalVideo(config?: LocalVideoConfig): Promise<void>;
  /** Only what is given changes. */
  updateLocalVideo(config: UpdateLocalVideoConfig): Promise<void>;
  stopLocalVideo(): Promise<void>;

  startScreenShare(config?: ScreenShareConfig): Promise<void>;
  updateScreenShare(config: UpdateScreenShareConfig): Promise<void>;
  stopScreenShare(): Promise<void>;

  /** Receives and shows a picture; when it does not exist yet, as soon as it does. */
  startRemoteVideo(config: RemoteVideoConfig): Promise<void>;
  /** Only what is given changes; before startRemoteVideo it is remembered. */
  updateRemoteVideo(config: RemoteVideoConfig): Promise<void>;
  stopRemoteVideo(config: StopRemoteVideoConfig): Promise<void>;
  /** '*' = everybody, later members included. Muted voices are not received at all. */
  muteRemoteAudio(userId: string, mute: boolean): Promise<void>;
  /** '*' = everybody. 0..100 is the usual range, more amplifies. Default 100. */
  setRemoteAudioVolume(userId: string, volume: number): void;
  /**
   * Duet's own: keeps sound and picture of a user for at least `delay` ms (0..4000) before they are played, which evens out
   * a bad network; null = no longer than needed, the default. Ends with exitRoom. Where the browser can.
   */
  setRemotePlayoutDelay(userId: string, delay: number | null): void;

  /** AUDIO_VOLUME every `interval` ms (at least 100, default 2000); 0 or less = off. */
  enableAudioVolumeEvaluation(interval?: number, enableInBackground?: boolean): void;
  sendCustomMessage(message: CustomMessage): void;

  getAudioTrack(config?: TrackConfig | string): MediaStreamTrack | null;
  getVideoTrack(config?: TrackConfig): MediaStreamTrack | null;
  /** A PNG data URL of what is shown; '' when nothing is playing. */
  getVideoSnapshot(config?: TrackConfig): string;
  /** Duet's own: everything the browser knows about the connection; empty outside a room. */
  getPeerConnectionStats(): Promise<StatsEntry[]>;

  on<E extends keyof DuetEvents>(event: E, handler: DuetHandler<E>, context?: unknown): this;
  off<E extends keyof DuetEvents>(event: E, handler: DuetHandler<E>, context?: unknown): this;
  off(event: '*'): this;
}

/** What the class itself offers. */
export interface DuetStatics {
  readonly EVENT: typeof EVENT;
  readonly ERROR_CODE: typeof ERROR_CODE;
  readonly TYPE: typeof TYPE;
  readonly VERSION: string;
  create(options?: CreateOptions): DuetClient;
  setLogLevel(level: LogLevel): void;
  isSupported(): Promise<SupportResult>;
  getPermissions(query?: PermissionQuery): Promise<Permissions>;
  getCameraList(requestPermission?: boolean): Promise<MediaDeviceInfo[]>;
  getMicrophoneList(requestPermission?: boolean): Promise<MediaDeviceInfo[]>;
  getSpeakerList(requestPermission?: boolean): Promise<MediaDeviceInfo[]>;
  setCurrentSpeaker(deviceId: string): Promise<void>;
}
