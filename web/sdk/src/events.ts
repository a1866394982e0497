/** Every event of the API: its name and what its handler gets. */

import type { RtcError } from './errors.js';
import type { Permissions, StreamType } from './types.js';

export const EVENT = {
  ERROR: 'error',
  AUTOPLAY_FAILED: 'autoplay-failed',
  KICKED_OUT: 'kicked-out',
  REMOTE_USER_ENTER: 'remote-user-enter',
  REMOTE_USER_EXIT: 'remote-user-exit',
  /** Duet's own: the user's connection is lost and the seat kept. */
  REMOTE_USER_PAUSED: 'remote-user-paused',
  /** Duet's own: the user is back. */
  REMOTE_USER_RESUMED: 'remote-user-resumed',
  REMOTE_AUDIO_AVAILABLE: 'remote-audio-available',
  REMOTE_AUDIO_UNAVAILABLE: 'remote-audio-unavailable',
  REMOTE_VIDEO_AVAILABLE: 'remote-video-available',
  REMOTE_VIDEO_UNAVAILABLE: 'remote-video-unavailable',
  AUDIO_VOLUME: 'audio-volume',
  NETWORK_QUALITY: 'network-quality',
  CONNECTION_STATE_CHANGED: 'connection-state-changed',
  AUDIO_PLAY_STATE_CHANGED: 'audio-play-state-changed',
  VIDEO_PLAY_STATE_CHANGED: 'video-play-state-changed',
  SCREEN_SHARE_STOPPED: 'screen-share-stopped',
  DEVICE_CHANGED: 'device-changed',
  PUBLISH_STATE_CHANGED: 'publish-state-changed',
  TRACK: 'track',
  STATISTICS: 'statistics',
  CUSTOM_MESSAGE: 'custom-message',
  FIRST_VIDEO_FRAME: 'first-video-frame',
  VIDEO_SIZE_CHANGED: 'video-size-changed',
  PERMISSION_STATE_CHANGE: 'permission-state-change',
} as const;

export type EventName = (typeof EVENT)[keyof typeof EVENT];

/** RECONNECTED is there for applications that name it; back from a loss is RECONNECTING -> CONNECTED. */
export type ConnectionState =
  | 'DISCONNECTED' | 'CONNECTING' | 'CONNECTED' | 'RECONNECTING' | 'RECONNECTED';

/** 0 unknown, 1 excellent … 5 very bad, 6 disconnected. */
export type Quality = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export interface AutoplayFailed {
  /** '' = the local user. */
  userId: string;
  mediaType: 'audio' | 'video' | 'screen';
  /** Call it in a click or tap handler; it plays everything that was blocked. */
  resume(): Promise<void>;
}

export interface KickedOut {
  /** `replaced` is Duet's own: the same user entered again elsewhere. */
  reason: 'kick' | 'banned' | 'room_disband' | 'replaced';
}

export interface UserEvent {
  userId: string;
}

export interface UserExit extends UserEvent {
  /** 0 normal, 1 timeout, 2 kicked, 3 became audience. */
  reason: 0 | 1 | 2 | 3;
}

export interface StreamEvent extends UserEvent {
  streamType: StreamType;
}

export interface VolumeEntry {
  /** '' = the local microphone. */
  userId: string;
  /** 0..100, linear in decibels from -50 dBFS up. */
  volume: number;
  floatVolume: number;
}

export interface NetworkQuality {
  uplinkNetworkQuality: Quality;
  downlinkNetworkQuality: Quality;
  /** Milliseconds. */
  uplinkRTT: number;
  downlinkRTT: number;
  /** Percent, 0..100. */
  uplinkLoss: number;
  downlinkLoss: number;
  /** Duet's own: how the others are doing, as the server sees them. */
  members: Array<{ userId: string; uplink: Quality; downlink: Quality }>;
}

/**
 * Why there is no connection. On the way back: `network` the server cannot be reached, `media` it can but no sound or picture
 * gets through, `draining` it is being stopped, `suspended` by suspend(), `small` the small picture needs a new connection.
 * For good: `exit`, `kick`, `banned`, `room_disband`, `replaced` as in KICKED_OUT, `refused` by the server (an error says
 * why), `unreachable` when entering.
 */
export type ConnectionReason =
  | 'network' | 'media' | 'draining' | 'suspended' | 'small'
  | 'exit' | 'refused' | 'unreachable' | KickedOut['reason'];

export interface ConnectionStateChanged {
  prevState: ConnectionState;
  state: ConnectionState;
  /** True from the loss of an established connection until it is back or given up. */
  isReconnecting: boolean;
  /** Duet's own: of RECONNECTING and DISCONNECTED. */
  reason?: ConnectionReason;
}

export type PlayState = 'PLAYING' | 'PAUSED' | 'STOPPED';
export type PlayStateReason = 'playing' | 'mute' | 'unmute' | 'ended' | 'pause';

export interface AudioPlayStateChanged extends UserEvent {
  state: PlayState;
  reason: PlayStateReason;
}

export interface VideoPlayStateChanged extends AudioPlayStateChanged {
  streamType: StreamType;
}

export interface DeviceChanged {
  type: 'camera' | 'microphone' | 'speaker';
  /** `active`: this device is the one in use now. */
  action: 'add' | 'remove' | 'active';
  device: MediaDeviceInfo;
}

export interface PublishStateChanged {
  mediaType: 'audio' | 'video' | 'screen';
  state: 'starting' | 'started' | 'stopped';
  prevState: 'starting' | 'started' | 'stopped';
  reason?: 'timeout' | 'error' | 'api-call';
  error?: RtcError;
}

export interface TrackEvent {
  /** '' = local. */
  userId: string;
  streamType: StreamType;
  track: MediaStreamTrack;
  sourceTrack: MediaStreamTrack;
}

/** Bit rates in kbit/s, levels 0..1, delays in milliseconds. */
export interface AudioStatistics {
  bitrate: number;
  audioLevel: number;
}

export interface VideoStatistics {
  width: number;
  height: number;
  frameRate: number;
  bitrate: number;
  /** What is sent: the largest of the camera's encodings is `big`. What is received: `small` where that was asked for. */
  videoType: 'big' | 'small' | 'sub';
}

export interface Statistics {
  /** Milliseconds between this browser and the server. */
  rtt: number;
  /** Percent since the last event. */
  upLoss: number;
  downLoss: number;
  /** Since the connection was made. */
  bytesSent: number;
  bytesReceived: number;
  localStatistics: { audio: AudioStatistics; video: VideoStatistics[] };
  remoteStatistics: Array<{
    userId: string;
    audio: AudioStatistics & { jitterBufferDelay: number };
    video: Array<VideoStatistics & { jitterBufferDelay: number }>;
  }>;
}

export interface CustomMessageEvent extends UserEvent {
  cmdId: number;
  /** Counts up per sender. */
  seq: number;
  data: ArrayBuffer;
}

export interface FirstVideoFrame extends UserEvent {
  streamType: StreamType;
  width: number;
  height: number;
}

export interface VideoSizeChanged extends UserEvent {
  streamType: StreamType;
  newWidth: number;
  newHeight: number;
}

/** Event name -> payload. Events with `undefined` have none. */
export interface DuetEvents {
  'error': RtcError;
  'autoplay-failed': AutoplayFailed;
  'kicked-out': KickedOut;
  'remote-user-enter': UserEvent;
  'remote-user-exit': UserExit;
  'remote-user-paused': UserEvent;
  'remote-user-resumed': UserEvent;
  'remote-audio-available': UserEvent;
  'remote-audio-unavailable': UserEvent;
  'remote-video-available': StreamEvent;
  'remote-video-unavailable': StreamEvent;
  'audio-volume': { result: VolumeEntry[] };
  'network-quality': NetworkQuality;
  'connection-state-changed': ConnectionStateChanged;
  'audio-play-state-changed': AudioPlayStateChanged;
  'video-play-state-changed': VideoPlayStateChanged;
  'screen-share-stopped': undefined;
  'device-changed': DeviceChanged;
  'publish-state-changed': PublishStateChanged;
  'track': TrackEvent;
  'statistics': Statistics;
  'custom-message': CustomMessageEvent;
  'first-video-frame': FirstVideoFrame;
  'video-size-changed': VideoSizeChanged;
  'permission-state-change': Permissions;
}

export type DuetHandler<E extends keyof DuetEvents> = DuetEvents[E] extends undefined
  ? () => void
  : (payload: DuetEvents[E]) => void;
